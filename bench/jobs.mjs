import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../test/e2e/servers/redis.ts';
import { startPostgres } from '../test/helpers/postgres.ts';
import { combineGenerations } from './generations.mjs';
import { HEAP, inherited, register, startServer } from './processes.mjs';
import { median } from './rounds.mjs';

const flags = ['--import', register];
const LIBRARIES = {
  'BullMQ on Redis': { file: './jobs-bullmq.mjs', hook: 'bullmq', own: 'bullmq-otel' },
  'pg-boss': { file: './jobs-pg-boss.mjs', hook: 'pg-boss' },
  'graphile-worker': { file: './jobs-graphile-worker.mjs', hook: 'graphile-worker' },
};

/**
 * Each set-up is one process that lives through all turns of a generation; all of them export to the same place, by the same
 * SDK.
 */
function setups({ hook, own }, collector) {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_METRIC_EXPORT_INTERVAL: '5000' };
  const without = { ...otlp, GAUGEWAY_DISABLED_INSTRUMENTATIONS: hook };
  return {
    bare: { flags: [], env: {} },
    'gaugeway, metrics': { flags, env: { ...otlp, OTEL_TRACES_EXPORTER: 'none' } },
    'gaugeway, metrics and spans': { flags, env: otlp },
    ...(own !== undefined && {
      [`${own}, metrics`]: { flags, env: { ...without, OTEL_TRACES_EXPORTER: 'none', BENCH_SETUP: own } },
      [`${own}, metrics and spans`]: { flags, env: { ...without, BENCH_SETUP: own } },
    }),
  };
}

const GENERATIONS = 5;

/**
 * What a no-op job costs, sent and worked on by one process: the set-ups take turns, each between two bare ones that see
 * the same machine. 10,000 jobs of each set-up in each generation, 40,000 unless it should be quick.
 */
export async function measureJobs(binary, isQuick, names = Object.keys(LIBRARIES)) {
  if (!existsSync(new URL('node_modules/bullmq-otel', import.meta.url))) {
    throw new Error('what gaugeway is measured against is not installed: npm install --prefix bench');
  }
  // What a job costs falls until tens of thousands have been worked on: until then its code is being compiled.
  const [turns, jobs, warmUp] = isQuick ? [5, 2000, 15_000] : [20, 2000, 50_000];
  const redis = await startRedis();
  const postgres = await startPostgres();
  const collector = await startServer(1);
  try {
    const results = {};
    for (const name of names) {
      const library = LIBRARIES[name];
      const env = { BENCH_REDIS_PORT: String(redis.port) };
      const generations = [];
      for (let count = 0; count < GENERATIONS; count++) {
        generations.push(
          await takeTurns(binary, library, setups(library, collector), {
            turns,
            jobs,
            warmUp,
            env: async () => ({ ...env, DATABASE_URL: await postgres.createDatabase() }),
          }),
        );
      }
      results[name] = combineGenerations(generations);
    }
    return results;
  } finally {
    collector.close();
    await redis.stop();
    await postgres.stop();
  }
}

async function takeTurns(binary, { file }, all, { turns, jobs, warmUp, env }) {
  const children = {};
  const killAll = () => {
    for (const child of Object.values(children)) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  try {
    for (const [name, { flags, env: own }] of Object.entries(all)) {
      children[name] = fork(fileURLToPath(new URL(file, import.meta.url)), {
        execPath: binary,
        execArgv: [...HEAP, ...flags],
        env: { ...inherited(), ...(await env()), ...own },
      });
      await answer(children[name]);
    }
    const turn = (name) => {
      children[name].send(jobs);
      return answer(children[name]);
    };
    const measured = Object.keys(all).filter((name) => name !== 'bare');
    const rounds = Object.fromEntries(measured.map((name) => [name, []]));
    // Bare has more turns than the others: none should still be compiling while it is measured.
    for (const name of Object.keys(all)) for (let sent = 0; sent < warmUp; sent += jobs) await turn(name);
    for (let count = -1; count < turns; count++) {
      let before = await turn('bare');
      // The order turns around, so that no set-up always follows the same one.
      for (const name of count % 2 === 0 ? measured : measured.toReversed()) {
        const figures = await turn(name);
        const after = await turn('bare');
        if (count >= 0) rounds[name].push({ before, measured: figures, after });
        before = after;
      }
    }
    return Object.fromEntries(measured.map((name) => [name, summary(rounds[name])]));
  } finally {
    process.removeListener('exit', killAll);
    killAll();
  }
}

function answer(child) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a process of jobs ended with ${code}`));
    child.once('exit', ended).once('message', (message) => {
      child.removeListener('exit', ended);
      resolve(message);
    });
  });
}

function summary(rounds) {
  const bareOf = ({ before, after }, key) => (before[key] + after[key]) / 2;
  const middle = (figure) => median(rounds.map(figure));
  return {
    cpu: {
      bare: middle((round) => bareOf(round, 'cpuNs')),
      ratio: middle((round) => round.measured.cpuNs / bareOf(round, 'cpuNs')),
      noise: middle(({ before, after }) => Math.abs(after.cpuNs - before.cpuNs)),
      above: middle((round) => round.measured.cpuNs - bareOf(round, 'cpuNs')),
      least: least(rounds.map(({ measured }) => measured.cpuNs)) - least(rounds.map(({ before }) => before.cpuNs)),
    },
    lost: {
      bare: middle((round) => 1e9 / bareOf(round, 'wallNs')),
      noise: middle(({ before, after }) => Math.abs(1 - before.wallNs / after.wallNs)),
      above: middle((round) => 1 - bareOf(round, 'wallNs') / round.measured.wallNs),
    },
  };
}

/** What the quietest tenth of the turns took at most: what else runs on a machine only adds to a turn. */
function least(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 10)];
}
