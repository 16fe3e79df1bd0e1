#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { VERSION } from '../version.ts';

const USAGE = `gaugeway ${VERSION}

gaugeway doctor    check what is measured, where it goes and whether it arrives
    --metrics <url>       the metrics page of a running application (http://localhost:9464/metrics)
    --prometheus <url>    look for a metric there (http://localhost:9090)
    --tempo <url>         look for a trace there (http://localhost:3200)
    --jaeger <url>        look for a trace there (http://localhost:16686)
    --timeout <seconds>   longest wait for one answer (30)

The doctor reads the same variables as your application: call it in the folder and with the environment of that one.
It exits with 0 when all is well, 1 when something is to mend and 2 when it was called in a wrong way.
`;

const WRONG_CALL = 2;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'doctor':
      return runDoctor(rest);
    case '--version':
    case '-v':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(USAGE);
      return 0;
    default:
      return wrongCall(command === undefined ? 'name a command' : `there is no command "${command}"`);
  }
}

async function runDoctor(args: string[]): Promise<number> {
  const url = { type: 'string' } as const;
  const options = { metrics: url, prometheus: url, tempo: url, jaeger: url, timeout: url };
  const { values } = parseArgs({ args, options });
  for (const name of ['metrics', 'prometheus', 'tempo', 'jaeger'] as const) {
    const given = values[name];
    if (given !== undefined && !/^https?:\/\//.test(given)) return wrongCall(`--${name} must be an http(s) URL`);
  }
  const seconds = Number(values.timeout ?? 30);
  if (!(seconds > 0)) return wrongCall('--timeout must be a number of seconds above 0');
  const { doctor } = await import('./doctor.ts');
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const isColoured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return (await doctor({ ...values, timeoutMs: seconds * 1000 }, print, isColoured)) ? 0 : 1;
}

function wrongCall(problem: string): number {
  process.stderr.write(`gaugeway: ${problem}\n\n${USAGE}`);
  return WRONG_CALL;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What parseArgs throws names the argument.
  process.exitCode = wrongCall(error instanceof Error ? error.message : String(error));
}
