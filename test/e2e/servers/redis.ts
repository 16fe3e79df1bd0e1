import { spawn, spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { endProcess, freePorts, waitFor } from './process.ts';

/** A Redis on a private port of 127.0.0.1, which keeps nothing. */
export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
}

const COMMAND = process.env.GAUGEWAY_REDIS_SERVER ?? 'redis-server';

/** Starts the distribution's `redis-server`; throws with the command that installs it where there is none. */
export async function startRedis(): Promise<Redis> {
  if (spawnSync(COMMAND, ['--version']).status !== 0) {
    throw new Error(`${COMMAND} is not installed. Run \`apt-get install redis-server\` once.`);
  }
  const { port } = await freePorts(['port']);
  const flags = {
    port,
    bind: '127.0.0.1',
    save: '',
    appendonly: 'no',
    daemonize: 'no',
    'maxmemory-policy': 'noeviction',
  };
  const child = spawn(
    COMMAND,
    Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  );
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const stop = async () => {
    process.removeListener('exit', killAtExit);
    await endProcess(child, 'SIGKILL');
  };
  try {
    await waitFor('redis-server', () => answers(port));
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

function answers(port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.once('error', reject).once('data', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
