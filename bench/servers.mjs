import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { inherited, register } from './processes.mjs';

const peer = new URL('./http-peer.mjs', import.meta.url).href;
const app = fileURLToPath(new URL('./http-app.mjs', import.meta.url));
const NO_SPANS = { OTEL_TRACES_EXPORTER: 'none' };

/** How a server is measured: what `http-app.mjs` does, and what is loaded before it. */
export const meters = {
  bare: { meter: 'bare' },
  gaugeway: { meter: 'gaugeway', flags: ['--import', register], env: NO_SPANS },
  'gaugeway, spans': { meter: 'gaugeway', flags: ['--import', register] },
  'prom-client': { meter: 'prom-client' },
  'instrumentation-http': { meter: 'bare', flags: ['--import', peer], env: NO_SPANS },
  'instrumentation-http, spans': { meter: 'bare', flags: ['--import', peer] },
};

/** Starts one server in a process of its own. */
export async function startApp(binary, framework, name, env) {
  const { meter, flags = [], env: own } = meters[name];
  const child = spawn(binary, [...flags, app], {
    env: { ...inherited(), ...env, ...own, BENCH_FRAMEWORK: framework, BENCH_METER: meter },
    stdio: ['ignore', process.env.TG ? 'inherit' : 'ignore', 'inherit', 'ipc'],
  });
  const told = async () => (await Promise.race([once(child, 'message'), failed(child, name)]))[0];
  const { port } = await told();
  const cpu = async () => {
    child.send('cpu');
    const { cpu } = await told();
    return cpu.user + cpu.system;
  };
  return {
    /** Keeps 32 connections busy for these seconds; nanoseconds of CPU and of time per answered request. */
    async load(seconds) {
      const before = await cpu();
      const startedAt = performance.now();
      const result = await autocannon({ url: `http://127.0.0.1:${port}/users/42`, connections: 32, duration: seconds });
      const wallNs = (performance.now() - startedAt) * 1e6;
      const answered = result['2xx'];
      if (answered === 0 || result.non2xx > 0) throw new Error(`${framework}, ${name}: ${result.non2xx} wrong answers`);
      return { cpuNs: (((await cpu()) - before) * 1000) / answered, wallNs: wallNs / answered };
    },
    stop: () => child.disconnect(),
  };
}

async function failed(child, name) {
  const [code] = await once(child, 'exit');
  throw new Error(`the server measured by ${name} ended with ${code}; is everything installed: npm ci --prefix bench?`);
}
