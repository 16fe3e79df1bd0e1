// gaugeway beside other instrumentations of the openai package; needs `npm install --prefix bench --ignore-scripts`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { register, run } from '../processes.mjs';
import { THROUGHPUT } from '../report.mjs';
import { ANSWER, startUpstream } from './upstream.mjs';

const load = createRequire(import.meta.url);
const preload = ['--require', fileURLToPath(new URL('./instrument.cjs', import.meta.url))];

/** What is compared, `bare` first and last: the two differ by noise alone. */
const PEERS = ['opentelemetry contrib', 'traceloop', 'openlit', 'openinference'];
const SETUPS = ['bare', 'gaugeway', ...PEERS, 'bare again'];
/** By the folder's name a hook knows the package, so an alias would hide it. */
const OPENAI = {
  'openai 6': load.resolve('openai'),
  'openai 7': createRequire(new URL('../../package.json', import.meta.url)).resolve('openai'),
};
const ROUNDS = 3;
const EVENTS = 5000;
const CONCURRENCY = 32;

function processOf(setup, openai, upstream) {
  const isBare = setup.startsWith('bare');
  const flags = setup === 'gaugeway' ? ['--import', register] : isBare ? [] : preload;
  const env = {
    BENCH_URL: upstream.url,
    BENCH_COLLECTOR: upstream.url,
    BENCH_PEER: setup,
    BENCH_OPENAI: openai,
    BENCH_ANSWER: ANSWER,
    BENCH_EVENTS: String(EVENTS),
    OTEL_EXPORTER_OTLP_ENDPOINT: upstream.url,
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    // Compressed or not, all send alike.
    OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
  };
  return { flags: ['--expose-gc', '--no-warnings', ...flags], env };
}

/** Rounds of every set-up in turn, each in a process of its own. */
export async function comparePeers(binary, isQuick) {
  const results = {};
  for (const [name, openai] of Object.entries(OPENAI)) {
    const all = Object.fromEntries(SETUPS.map((setup) => [setup, []]));
    let setups = SETUPS;
    for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
      for (const setup of setups) {
        const upstream = await startUpstream(EVENTS);
        const { flags, env } = processOf(setup, openai, upstream);
        const waits = round === 0 && !setup.startsWith('bare');
        const own = { BENCH_QUICK: isQuick ? '1' : '0', BENCH_WAITS: waits ? '1' : '0' };
        const figures = await run(binary, './peers/calls.cjs', { flags, env: { ...env, ...own } });
        upstream.close();
        const isSilent = waits && upstream.told.traces + upstream.told.metrics === 0;
        if (!isSilent) all[setup].push({ ...figures, ...(await throughput(binary, setup, openai, isQuick)) });
        process.stderr.write(`${name}, ${setup}: ${isSilent ? 'silent' : JSON.stringify(all[setup].at(-1))}\n`);
      }
      // What is silent is not measured.
      setups = setups.filter((setup) => all[setup].length > 0);
    }
    const silent = SETUPS.filter((setup) => !setups.includes(setup));
    results[name] = { silent, figures: summarize(all, setups) };
  }
  return results;
}

/** Requests a second through a gateway, and its CPU for each. */
async function throughput(binary, setup, openai, isQuick) {
  const upstream = await startUpstream(EVENTS);
  const { flags, env } = processOf(setup, openai, upstream);
  const gateway = fork(fileURLToPath(new URL('./gateway.cjs', import.meta.url)), [], {
    execPath: binary,
    execArgv: flags,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const ask = async () => {
    gateway.send('cpu');
    return (await once(gateway, 'message'))[0].cpuNs;
  };
  const [{ port }] = await once(gateway, 'message');
  const request = { method: 'POST', body: JSON.stringify({ messages: [{ role: 'user', content: 'Why?' }] }) };
  const url = `http://127.0.0.1:${port}/`;
  // For a time: with an amount of requests autocannon ends at its next full second, which would be all that is measured.
  const shoot = (duration) => autocannon({ ...request, url, connections: CONCURRENCY, duration, timeout: 60 });
  // The first request loads what some load late, for seconds; what comes after it is compiled.
  await (await fetch(url, request)).text();
  await shoot(isQuick ? 1 : 3);
  const windows = [];
  for (let window = 0; window < (isQuick ? 3 : 8); window++) {
    const before = await ask();
    const { requests, duration, non2xx, errors } = await shoot(2);
    if (non2xx + errors > 0) throw new Error(`${setup}: ${non2xx + errors} requests failed`);
    windows.push({ perSecond: requests.total / duration, cpu: ((await ask()) - before) / requests.total });
  }
  const gone = once(gateway, 'exit');
  gateway.disconnect();
  await gone;
  upstream.close();
  return {
    [THROUGHPUT]: Math.max(...windows.map(({ perSecond }) => perSecond)),
    'gateway, CPU per request': Math.min(...windows.map(({ cpu }) => cpu)),
  };
}

/**
 * The quietest round of each set-up against the quietest of the bare ones: what else runs on the machine only ever adds.
 * The two bare set-ups differ by noise alone.
 */
function summarize(all, setups) {
  const figures = {};
  for (const what of Object.keys(all.bare[0])) {
    const best = what === THROUGHPUT ? Math.max : Math.min;
    const quietest = (setup) => best(...all[setup].map((figure) => figure[what]));
    const bare = best(quietest('bare'), quietest('bare again'));
    const noise = Math.abs(quietest('bare') - quietest('bare again'));
    const noiseRatio = quietest('bare again') / quietest('bare');
    figures[what] = Object.fromEntries(
      setups
        .filter((setup) => !setup.startsWith('bare'))
        .map((setup) => {
          const figure = quietest(setup);
          return [setup, { bare, above: figure - bare, ratio: figure / bare, noise, noiseRatio }];
        }),
    );
  }
  return figures;
}
