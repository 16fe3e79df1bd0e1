// `node bench/jobs.mjs [--turns 20] [--jobs 500] [--json]`: what a no-op job of BullMQ costs without us, with us, and
// with bullmq-otel. Needs `redis-server`, a build, and `npm install --prefix bench`.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { register, startServer } from './processes.mjs';
import { median } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
  },
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

const port = await freePort();
const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
redis.once('error', () => {
  console.error('redis-server is not installed. Run `apt-get install redis-server` once.');
  process.exit(1);
});
process.once('exit', () => redis.kill('SIGKILL'));
const collector = await startServer(1);

const OTLP = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_METRIC_EXPORT_INTERVAL: '5000' };
const flags = ['--import', register];
/** Each set-up is one process that lives through all turns; all of them export to the same place, by the same SDK. */
const SETUPS = {
  bare: { flags: [], env: {} },
  gaugeway: { flags, env: OTLP },
  'gaugeway, metrics only': { flags, env: { ...OTLP, OTEL_TRACES_EXPORTER: 'none' } },
  'bullmq-otel, metrics on': {
    flags,
    env: { ...OTLP, GAUGEWAY_DISABLED_INSTRUMENTATIONS: 'bullmq', BENCH_SETUP: 'bullmq-otel' },
  },
};

const inherited = { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_REDIS_PORT: String(port) };
const processes = {};
for (const [name, { flags, env }] of Object.entries(SETUPS)) {
  const child = fork(fileURLToPath(new URL('./jobs-bullmq.mjs', import.meta.url)), {
    execArgv: flags,
    env: { ...inherited, ...env },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child, 'message');
  processes[name] = child;
}
async function turn(name) {
  processes[name].send(Number(values.jobs));
  const [figures] = await once(processes[name], 'message');
  return figures;
}

// Every turn stands between two bare ones, which see the same machine.
const measured = Object.keys(SETUPS).filter((name) => name !== 'bare');
const rounds = Object.fromEntries(measured.map((name) => [name, []]));
for (let count = -2; count < Number(values.turns); count++) {
  let before = await turn('bare');
  // The order turns around, so that no set-up always follows the same one.
  for (const name of count % 2 === 0 ? measured : measured.toReversed()) {
    const figures = await turn(name);
    const after = await turn('bare');
    if (count >= 0) rounds[name].push({ before, measured: figures, after });
    before = after;
  }
}

/** The median of differences in pairs, with the interval that holds it in 95 of 100 cases, by rank. */
function estimate(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const reach = Math.ceil(0.98 * Math.sqrt(sorted.length));
  const middle = (sorted.length - 1) / 2;
  const at = (index) => sorted[Math.min(sorted.length - 1, Math.max(0, index))];
  return { median: median(sorted), low: at(Math.floor(middle - reach)), high: at(Math.ceil(middle + reach)) };
}

const results = {};
for (const name of measured) {
  const all = rounds[name];
  const bareOf = ({ before, after }, key) => (before[key] + after[key]) / 2;
  results[name] = {
    bareJobsPerSecond: 1e6 / median(all.map((round) => bareOf(round, 'wallUs'))),
    jobsPerSecond: 1e6 / median(all.map(({ measured }) => measured.wallUs)),
    throughputRatio: estimate(all.map((round) => bareOf(round, 'wallUs') / round.measured.wallUs)),
    bareCpuUs: median(all.map((round) => bareOf(round, 'cpuUs'))),
    cpuUsAbove: estimate(all.map((round) => round.measured.cpuUs - bareOf(round, 'cpuUs'))),
    noiseCpuUs: median(all.map(({ before, after }) => Math.abs(after.cpuUs - before.cpuUs))),
  };
}
if (values.json) console.log(JSON.stringify({ node: process.version, results }));
else {
  console.log(`Node ${process.version}, ${values.turns} turns of ${values.jobs} jobs each\n`);
  console.log('| set-up | jobs/s | of bare | CPU above bare, a job | bare CPU, a job | A/A noise |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const percent = (ratio) => `${(ratio * 100).toFixed(1)} %`;
  for (const [name, figures] of Object.entries(results)) {
    const { jobsPerSecond, throughputRatio: ratio, cpuUsAbove: cpu, bareCpuUs, noiseCpuUs } = figures;
    const cells = [
      name,
      jobsPerSecond.toFixed(0),
      `${percent(ratio.median)} (${percent(ratio.low)} to ${percent(ratio.high)})`,
      `+${cpu.median.toFixed(1)} µs (${cpu.low.toFixed(1)} to ${cpu.high.toFixed(1)})`,
      `${bareCpuUs.toFixed(0)} µs`,
      `±${noiseCpuUs.toFixed(1)} µs`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
process.exit();
