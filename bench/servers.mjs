import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { inherited, register } from './processes.mjs';
import { compare } from './rounds.mjs';

const peer = new URL('./http-peer.mjs', import.meta.url).href;
const app = fileURLToPath(new URL('./http-app.mjs', import.meta.url));
const NO_SPANS = { OTEL_TRACES_EXPORTER: 'none' };

/** How a server is measured: what `http-app.mjs` does, and what is loaded before it. */
const meters = {
  bare: { meter: 'bare' },
  gaugeway: { meter: 'gaugeway', flags: ['--import', register], env: NO_SPANS },
  'gaugeway, spans': { meter: 'gaugeway', flags: ['--import', register] },
  'prom-client': { meter: 'prom-client' },
  'instrumentation-http': { meter: 'bare', flags: ['--import', peer], env: NO_SPANS },
  'instrumentation-http, spans': { meter: 'bare', flags: ['--import', peer] },
};

const FRAMEWORKS = ['fastify', 'hono', 'express'];

/** Small servers under load, every way to measure them once a round between two bare ones. */
export async function measureServers(binary, sink, isQuick) {
  const figures = {};
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url };
  const seconds = isQuick ? 1 : 2;
  for (const framework of FRAMEWORKS) {
    const apps = {};
    try {
      for (const name of Object.keys(meters)) {
        apps[name] = await startApp(binary, framework, name, env);
        await apps[name].load(2 * seconds);
      }
      const rounds = {};
      for (let round = 0; round < (isQuick ? 2 : 9); round++) {
        let before = await apps.bare.load(seconds);
        for (const name of Object.keys(meters).filter((each) => each !== 'bare')) {
          const measured = await apps[name].load(seconds);
          const after = await apps.bare.load(seconds);
          rounds[name] ??= [];
          rounds[name].push({ before, measured, after });
          before = after;
        }
      }
      for (const [name, all] of Object.entries(rounds)) {
        const of = (key) =>
          compare(
            all.map(({ before, measured, after }) => ({
              before: before[key],
              measured: measured[key],
              after: after[key],
            })),
          );
        figures[`${framework}, ${name}`] = { cpu: of('cpuNs'), wall: of('wallNs') };
      }
    } finally {
      for (const app of Object.values(apps)) app.stop();
    }
  }
  return figures;
}

/** Starts one server in a process of its own. */
async function startApp(binary, framework, name, env) {
  const { meter, flags = [], env: own } = meters[name];
  const child = spawn(binary, [...flags, app], {
    env: { ...inherited(), ...env, ...own, BENCH_FRAMEWORK: framework, BENCH_METER: meter },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = failed(child, name);
  ended.catch(() => undefined);
  const told = () => Promise.race([new Promise((resolve) => child.once('message', resolve)), ended]);
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
