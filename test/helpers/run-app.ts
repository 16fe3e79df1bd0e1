import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** `--import` of what ships, as a file: the package's own name resolves only from inside of the package. */
export const REGISTER: readonly string[] = ['--import', pathToFileURL(join(ROOT, 'dist/src/register.js')).href];

export const NODES = ['22', '24', '26'] as const;
export type NodeVersion = (typeof NODES)[number];

const PATHS: Readonly<Record<NodeVersion, string>> = {
  22: 'node_modules/node-22/bin/node',
  24: 'node_modules/node/bin/node',
  26: 'node_modules/node-26/bin/node',
};

export function nodePath(node: NodeVersion): string {
  return join(ROOT, PATHS[node]);
}

/** Options of `runApp`: `file` or `source`. */
export interface AppOptions {
  /** @default '24' */
  readonly node?: NodeVersion;
  /** Absolute, or relative to the repository. */
  readonly file?: string;
  /** Text of the program, written where the packages of this repository resolve, `gaugeway` included. */
  readonly source?: string;
  /** How `source` is written. @default '.mjs' */
  readonly extension?: '.mjs' | '.cjs' | '.mts' | '.cts' | '.ts';
  /** Flags before the program, such as `...REGISTER`. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  /** Beside PATH and HOME; nothing else of this process's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Killed by SIGKILL after this time. @default 100 000 */
  readonly limitMs?: number;
  /** Sees stdout as it grows, and can send a signal. */
  readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface AppEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Between the start of the process and its end. */
  readonly durationMs: number;
}

/** Runs a program in a child process to its end. */
export async function runApp(options: AppOptions): Promise<AppEnd> {
  const { node = '24', flags = [], args = [], env = {}, cwd = ROOT, limitMs = 100_000 } = options;
  const written = options.source === undefined ? undefined : writeApp(options.source, options.extension);
  const file = written ?? join(options.file?.startsWith('/') ? '' : ROOT, options.file ?? '');
  const startedAt = performance.now();
  const child = spawn(nodePath(node), [...flags, file, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const limit = setTimeout(kill, limitMs, 'SIGKILL');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onStdout?.(stdout, kill);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  try {
    return await new Promise<AppEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve({ code, signal, stdout, stderr, durationMs: performance.now() - startedAt }),
      );
    });
  } finally {
    clearTimeout(limit);
    if (written !== undefined) rmSync(dirname(written), { recursive: true, force: true });
  }
}

/** Writes a program below `dist`, which is ignored by Git and inside of the package; returns its path. */
export function writeApp(source: string, extension: NonNullable<AppOptions['extension']> = '.mjs'): string {
  const folder = join(ROOT, 'dist/test-apps', randomUUID());
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `app${extension}`);
  writeFileSync(file, source);
  return file;
}
