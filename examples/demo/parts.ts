import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 4000;
const KEPT_LINES = 20;

/** All that a part sees of the user's shell: proxies, OTEL_*, NODE_OPTIONS or API keys there would change the demo. */
const INHERITED = [
  'PATH',
  'Path',
  'HOME',
  'USERPROFILE',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'windir',
  'LANG',
  'TZ',
];

/** A process of the demo. */
export interface Part {
  readonly name: string;
  /** What it said on stderr, the last lines of it. */
  readonly complaints: readonly string[];
  /** How it ended, as a sentence; resolves when it ends by itself or is stopped. */
  readonly ended: Promise<{ ok: boolean; text: string }>;
  /** Resolves to the address that it prints when it listens. */
  listening(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a file of this folder as a process of its own, with nothing but what a user would type. */
export function startPart(name: string, nodeArguments: readonly string[], variables: Record<string, string>): Part {
  const inherited = INHERITED.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]]));
  const child = spawn(
    process.execPath,
    [...nodeArguments, '--import', './examples/demo/lifeline.ts', `examples/demo/${name}.ts`],
    { cwd: ROOT, env: { ...Object.fromEntries(inherited), ...variables }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  const complaints: string[] = [];
  linesOf(child.stderr).on('line', (line) => {
    if (complaints.push(line) > KEPT_LINES) complaints.shift();
  });
  const address = Promise.withResolvers<string>();
  linesOf(child.stdout).on('line', (line) => {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) address.resolve(url);
  });
  const ended = endOf(child, name);
  return {
    name,
    complaints,
    ended,
    async listening() {
      const late = delay(START_LIMIT_MS, undefined, { ref: false }).then(() => `The ${name} did not start in time.`);
      const failure = Promise.race([ended.then(({ text }) => text), late]);
      return Promise.race([address.promise, failure.then((text) => Promise.reject(new Error(text)))]);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(killer);
    },
  };
}

function linesOf(stream: Readable | null): Interface {
  if (stream === null) throw new TypeError('A part is started with pipes.');
  return createInterface({ input: stream });
}

async function endOf(child: ChildProcess, name: string): Promise<{ ok: boolean; text: string }> {
  try {
    // 'close' and not 'exit': the last lines of stderr say why.
    const [code, signal] = await once(child, 'close');
    return { ok: code === 0, text: `The ${name} ended with ${signal ?? `exit code ${code}`}.` };
  } catch (error) {
    return { ok: false, text: `The ${name} could not be started: ${error}` };
  }
}
