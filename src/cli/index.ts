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

gaugeway render    write alert rules, dashboards and runbooks for your limits
    --config <file>       a module with a default export, or JSON; without it, the defaults
    --out <folder>        (monitoring)
    --check               write nothing, exit with 1 where a file is not up to date

gaugeway budget    hold what a running application has measured against its budgets, as after a load test
    --metrics <url>       its metrics page; more than once for several (http://localhost:9464/metrics)
    --config <file>       with targets and budgets of your own
    --level <level>       target, warning or critical: what must not be exceeded (warning)
    --minimum <events>    fewer are not judged (20)

The doctor reads the same variables as your application: call it in the folder and with the environment of that one.
All exit with 0 when all is well, 1 when something is to mend and 2 when they were called in a wrong way.
`;

const WRONG_CALL = 2;
/** A day. */
const LONGEST_S = 86_400;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'doctor':
      return runDoctor(rest);
    case 'render':
      return runRender(rest);
    case 'budget':
      return runBudget(rest);
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
    if (given !== undefined && !isUrl(given)) return wrongCall(`--${name} must be an http(s) URL`);
  }
  const seconds = Number(values.timeout ?? 30);
  // What a timer cannot wait for, it does not wait for at all.
  if (!(seconds > 0 && seconds <= LONGEST_S)) {
    return wrongCall(`--timeout must be a number of seconds above 0 and up to ${LONGEST_S}, not "${values.timeout}"`);
  }
  const { doctor } = await import('./doctor.ts');
  return (await doctor({ ...values, timeoutMs: seconds * 1000 }, print, isColoured())) ? 0 : 1;
}

async function runRender(args: string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { config: text, out: text, check: { type: 'boolean' } } });
  const { render } = await import('./render.ts');
  const { config, out = 'monitoring', check = false } = values;
  return (await render({ config, out, check }, print, complain)) ? 0 : 1;
}

async function runBudget(args: string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const metricsOption = { type: 'string', multiple: true } as const;
  const options = { config: text, metrics: metricsOption, level: text, minimum: text };
  const { values } = parseArgs({ args, options });
  const { metrics = ['http://localhost:9464/metrics'], config } = values;
  if (!metrics.every(isUrl)) return wrongCall('--metrics must be an http(s) URL');
  const { LEVELS } = await import('../../monitoring/targets.ts');
  const level = LEVELS.find((each) => each === (values.level ?? 'warning'));
  if (level === undefined) return wrongCall(`--level must be ${LEVELS.join(', ')}, not "${values.level}"`);
  const minimum = Number(values.minimum ?? 20);
  if (!(minimum >= 1 && Number.isFinite(minimum))) {
    return wrongCall('--minimum must be a number of events, 1 or above');
  }
  const { checkBudgets } = await import('./budget.ts');
  return (await checkBudgets({ config, metrics, level, minimum }, print, isColoured())) ? 0 : 1;
}

const isUrl = (given: string): boolean => /^https?:\/\//.test(given);
const isColoured = (): boolean => process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

function wrongCall(problem: string): number {
  process.stderr.write(`gaugeway: ${problem}\n\n${USAGE}`);
  return WRONG_CALL;
}

// Whoever reads may leave first, as `head` does: what is being written is written to its end.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  // What parseArgs throws names the argument; anything else is about a file or what is in it.
  if (code?.startsWith('ERR_PARSE_ARGS')) process.exitCode = wrongCall(message);
  else {
    complain(message.startsWith('gaugeway: ') ? message : `gaugeway: ${message}`);
    process.exitCode = 1;
  }
}
