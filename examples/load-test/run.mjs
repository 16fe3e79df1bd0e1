// `npm run load`: so many requests a second for some time, and then the budgets. Exits with 1 when one is violated.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { freePort } from '../demo/loopback.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = { type: 'string' };
const { values } = parseArgs({ options: { seconds: text, rate: text, connections: text, config: text, level: text } });
const seconds = Number(values.seconds ?? 20);
const rate = Number(values.rate ?? 200);
const connections = Number(values.connections ?? 10);

const port = String(await freePort());
const metrics = `http://127.0.0.1:${port}/metrics`;
const service = spawn(process.execPath, ['--import', 'gaugeway/register', 'examples/load-test/service.mjs'], {
  cwd: ROOT,
  env: {
    PATH: process.env.PATH,
    PORT: '0',
    OTEL_SERVICE_NAME: 'load-test',
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: port,
    OTEL_TRACES_EXPORTER: 'none',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => service.kill('SIGKILL'));

try {
  const url = await Promise.race([
    addressIn(service.stdout),
    once(service, 'exit').then(([code]) => Promise.reject(new Error(`The service ended with ${code}.`))),
  ]);
  const requests = [
    { method: 'GET', path: '/items/17' },
    { method: 'GET', path: '/items?below=30' },
    { method: 'GET', path: '/items/9001' },
    {
      method: 'POST',
      path: '/items',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"lamp","price":12}',
    },
  ];
  const result = await autocannon({ url, connections, overallRate: rate, duration: seconds, requests });
  const { total } = result.requests;
  console.log(`${total} requests in ${seconds} s over ${connections} connections, ${result.errors} errors`);
  const given = ['config', 'level'].flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
  const judge = spawn(process.execPath, ['dist/src/cli/index.js', 'budget', '--metrics', metrics, ...given], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const [code] = await once(judge, 'exit');
  process.exitCode = total === 0 || result.errors > 0 ? 1 : code;
} finally {
  service.kill();
}

/** The address that a process prints. */
async function addressIn(stream) {
  for await (const line of createInterface({ input: stream })) {
    const [address] = /http:\S+/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('The service did not say where it listens.');
}
