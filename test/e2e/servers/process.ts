import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../examples/demo/loopback.ts';
import { findBinary, type SERVERS } from './install.mjs';

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const MAX_LOG_CHARACTERS = 1_000_000;
const REPORT_LINES = 30;
const MAX_STARTS = 3;

/** A server that runs as a child process. */
export interface RunningServer<Port extends string> {
  ports: Readonly<Record<Port, number>>;
  /** A folder of this server alone, removed by `stop`. */
  folder: string;
  /** What it has written so far, both streams. */
  logs(): string;
  /** Ends the process and removes its folder; harmless when repeated. */
  stop(): Promise<void>;
  /** The same without a warning, as when a machine fails. */
  kill(): Promise<void>;
}

/** How to start one server on given ports. */
export interface ServerSpec<Port extends string> {
  server: keyof typeof SERVERS;
  binary: string;
  ports: readonly Port[];
  prepare(
    ports: Readonly<Record<Port, number>>,
    folder: string,
  ): Promise<{ args: string[]; env?: Record<string, string>; readyUrl: string }>;
}

/** The path of a server's binary; throws with the remedy when it is not there. */
export function requireBinary(server: keyof typeof SERVERS, binary: string): string {
  const found = findBinary(server, binary);
  if (found) return found.path;
  throw new Error(`${binary} is not installed. Run \`node test/e2e/servers/install.mjs ${server}\` once.`);
}

/** Ports that are free now on 127.0.0.1, each another one. */
export async function freePorts<Port extends string>(names: readonly Port[]): Promise<Record<Port, number>> {
  const ports = new Set<number>();
  while (ports.size < names.length) ports.add(await freePort());
  return Object.fromEntries([...ports].map((port, index) => [names[index], port])) as Record<Port, number>;
}

/** Calls `probe` until it gives something other than `undefined`; an error inside is a reason to try again. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  limitMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${what}: not within ${limitMs / 1000} s`, { cause: last });
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Ends a child process with a signal, and by force when it does not follow. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

async function startOnce<Port extends string>(spec: ServerSpec<Port>, path: string): Promise<RunningServer<Port>> {
  const folder = await mkdtemp(join(tmpdir(), `gaugeway-${spec.server}-`));
  let child: ChildProcess | undefined;
  let output = '';
  const stop = async (signal?: NodeJS.Signals) => {
    process.removeListener('exit', killAtExit);
    if (child) await endProcess(child, signal);
    await rm(folder, { recursive: true, force: true });
  };
  // A test process that ends without `stop` (a failed hook) must not leave servers behind.
  const killAtExit = () => child?.kill('SIGKILL');
  try {
    const ports = await freePorts(spec.ports);
    const { args, env, readyUrl } = await spec.prepare(ports, folder);
    const started = spawn(path, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    process.once('exit', killAtExit);
    const append = (chunk: string) => {
      output = (output + chunk).slice(-MAX_LOG_CHARACTERS);
    };
    started.stdout.setEncoding('utf8').on('data', append);
    started.stderr.setEncoding('utf8').on('data', append);
    started.on('error', (error) => append(`${error}\n`));
    const outcome = await waitFor(
      `${spec.binary} ready at ${readyUrl}`,
      async () => {
        if (hasEnded(started)) return 'ended';
        const response = await fetch(readyUrl, { signal: AbortSignal.timeout(2000) });
        await response.body?.cancel();
        return response.ok ? 'ready' : undefined;
      },
      READY_LIMIT_MS,
    );
    if (outcome === 'ended') throw new Error(`${spec.binary} ended with ${started.signalCode ?? started.exitCode}`);
    return { ports, folder, logs: () => output, stop: () => stop(), kill: () => stop('SIGKILL') };
  } catch (error) {
    await stop();
    const tail = output.trimEnd().split('\n').slice(-REPORT_LINES).join('\n');
    throw new Error(`${error instanceof Error ? error.message : error}\n${tail}`, { cause: error });
  }
}

/** Starts a server on free ports of 127.0.0.1 and waits until it is ready. */
export async function startServer<Port extends string>(spec: ServerSpec<Port>): Promise<RunningServer<Port>> {
  const path = requireBinary(spec.server, spec.binary);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(spec, path);
    } catch (error) {
      // Another process can take a port between our look and the server's bind.
      if (attempt === MAX_STARTS || !String(error).includes('address already in use')) throw error;
    }
  }
}
