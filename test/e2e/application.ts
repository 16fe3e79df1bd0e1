import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcess, freePorts, waitFor } from './servers/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REGISTER = join(ROOT, 'dist/src/register.js');

/** An application that runs as a child process, started as a user would: with our flag and variables. */
export interface Application {
  /** Its own metrics endpoint, where one was asked for. */
  metricsUrl: string;
  /** Asks it to do something; resolves with its answer and rejects with its error. */
  ask<T>(task: string, argument?: unknown): Promise<T>;
  stdout(): string;
  stderr(): string;
  /** Ends it with SIGTERM and tells how it ended. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** What an application is started with. */
export interface ApplicationOptions {
  /** Path from the root of the repository. */
  file: string;
  args?: string[];
  env?: Record<string, string>;
  /** Resolves once this URL answers. @default its metrics endpoint */
  readyUrl?: string;
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** Starts an application with `--import dist/src/register.js`, on Node 24, and waits until it answers. */
export async function startApplication({
  file,
  args = [],
  env = {},
  readyUrl,
}: ApplicationOptions): Promise<Application> {
  const { port } = await freePorts(['port']);
  const metricsUrl = `http://127.0.0.1:${port}/metrics`;
  const child = spawn(process.execPath, ['--import', REGISTER, resolve(ROOT, file), ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '200',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  child.on('message', ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value as never);
    else asked?.reject(new Error(error));
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values())
      reject(new Error(`The application ended (${code ?? signal}).\n${stderr}`));
    waiting.clear();
  });
  const stop = async () => {
    process.removeListener('exit', killAtExit);
    await endProcess(child);
    return { code: child.exitCode, signal: child.signalCode };
  };
  try {
    await waitFor(`${file} at ${readyUrl ?? metricsUrl}`, async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      const response = await fetch(readyUrl ?? metricsUrl);
      await response.body?.cancel();
      return response;
    });
  } catch (error) {
    await stop();
    throw new Error(`${error instanceof Error ? error.message : error}\n${stderr}`, { cause: error });
  }
  let lastId = 0;
  return {
    metricsUrl,
    ask: (task, argument) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        child.send({ id, task, argument }, (error) => error && reject(error));
      }),
    stdout: () => stdout,
    stderr: () => stderr,
    stop,
  };
}
