// `npm run bench [-- --quick] [--json] [--node 22,24,26] [--only chunks,startup]`: measures, prints one table, judges nothing by its exit code.
import { parseArgs } from 'node:util';
import { measureJobs } from './jobs.mjs';
import { nodes, register, run, startServer } from './processes.mjs';
import { table } from './report.mjs';
import { compare } from './rounds.mjs';
import { measureServers } from './servers.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    node: { type: 'string', default: '22,24,26' },
    only: {
      type: 'string',
      default: 'chunks,stream,scanner,requests,idle,monitor,storage,startup,call,servers,jobs,peers',
    },
  },
});
const scenarios = {
  chunks: (binary) => inOneProcess(binary, './chunks.mjs'),
  stream: streamed,
  scanner: (binary) => inOneProcess(binary, './scanner.mjs'),
  requests: (binary) => inOneProcess(binary, './requests.mjs'),
  idle: (binary) => inOneProcess(binary, './idle.mjs'),
  monitor: (binary) => inOneProcess(binary, './monitor.mjs'),
  storage: (binary) => inOneProcess(binary, './storage.mjs'),
  startup: started,
  call: called,
  servers: (binary) => measureServers(binary, server, values.quick),
  jobs: (binary) => measureJobs(binary, values.quick),
  peers: compared,
};
const EVENTS = values.quick ? 5000 : 20_000;
const server = await startServer(EVENTS);

function inOneProcess(binary, file, env = {}) {
  return run(binary, file, { flags: ['--expose-gc'], env: { BENCH_QUICK: values.quick ? '1' : '0', ...env } });
}

/** Whole processes that read the same streams, bare and with the flag. */
async function streamed(binary) {
  const env = {
    BENCH_URL: `${server.url}/v1/chat/completions`,
    BENCH_STREAMS: values.quick ? '2' : '10',
    BENCH_EVENTS: String(EVENTS),
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
  };
  const cpu = [];
  const wall = [];
  for (let round = 0; round < (values.quick ? 3 : 11); round++) {
    const before = await run(binary, './stream-client.mjs', { env });
    const measured = await run(binary, './stream-client.mjs', { flags: ['--import', register], env });
    const after = await run(binary, './stream-client.mjs', { env });
    cpu.push({ before: before.cpuNs, measured: measured.cpuNs, after: after.cpuNs });
    wall.push({ before: before.wallNs, measured: measured.wallNs, after: after.wallNs });
  }
  return { cpu: compare(cpu), wall: compare(wall) };
}

const STARTS = {
  'OTLP metrics and traces': { OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
  Prometheus: { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
  disabled: { OTEL_SDK_DISABLED: 'true' },
};

/** Whole processes until the first line of the application, every set-up once a round between two bare starts. */
async function started(binary) {
  const start = (flags, env) => run(binary, './startup-app.mjs', { flags, env });
  const rounds = Object.fromEntries(Object.keys(STARTS).map((name) => [name, []]));
  for (let round = -1; round < (values.quick ? 5 : 21); round++) {
    let before = await start([], {});
    for (const [name, env] of Object.entries(STARTS)) {
      const measured = await start(['--import', register], env);
      const after = await start([], {});
      if (round >= 0) rounds[name].push({ before, measured, after });
      before = after;
    }
  }
  const compared = {};
  for (const [name, all] of Object.entries(rounds)) {
    const of = (key) =>
      compare(
        all.map(({ before, measured, after }) => ({ before: before[key], measured: measured[key], after: after[key] })),
      );
    compared[name] = { time: of('atMs'), cpu: of('cpuMs'), rss: of('rssBytes') };
  }
  return compared;
}

/** Whole processes that make the same calls, with metrics alone and with spans too. */
async function called(binary) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_METRIC_EXPORT_INTERVAL: '600000' };
  const call = async (spans) => (await inOneProcess(binary, './call.mjs', { ...env, BENCH_SPANS: spans })).figures;
  const all = [];
  for (let round = 0; round < (values.quick ? 1 : 7); round++) {
    all.push({ before: await call('0'), measured: await call('1'), after: await call('0') });
  }
  const of = (name, key) =>
    compare(
      all.map(({ before, measured, after }) => ({
        before: before[name][key],
        measured: measured[name][key],
        after: after[name][key],
      })),
    );
  const names = Object.keys(all[0].before);
  return Object.fromEntries(
    names.map((name) => [name, { cost: of(name, 'ns'), bytesInFlight: of(name, 'bytesInFlight') }]),
  );
}

/** On one Node: what differs between them is told by the other scenarios. */
async function compared(binary, major) {
  if (major !== '24') return {};
  const { comparePeers } = await import('./peers/compare.mjs').catch((error) => {
    throw new Error(`npm install --prefix bench --ignore-scripts --legacy-peer-deps: ${error.message}`);
  });
  return comparePeers(binary, values.quick);
}

const results = {};
for (const { major, binary } of nodes(values.node.split(','))) {
  const { version } = await run(binary, './version.mjs');
  results[version] = {};
  for (const name of values.only.split(',')) {
    process.stderr.write(`Node ${major}: ${name}\n`);
    try {
      results[version][name] = await scenarios[name](binary, major);
    } catch (error) {
      results[version][name] = { failed: error.message };
    }
  }
}
server.close();
process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : table(results));
