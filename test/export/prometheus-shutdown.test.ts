import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { HOST, portOf, startEndpoint } from './endpoint.ts';

test('shutting down twice, or before listening, is harmless and frees the port', async () => {
  const early = startEndpoint();
  await early.reader.shutdown();
  const endpoint = startEndpoint();
  const port = await portOf(endpoint);
  await Promise.all([endpoint.reader.shutdown(), endpoint.reader.shutdown()]);
  await endpoint.reader.shutdown();
  expect(await portOf(startEndpoint({ port }))).toBe(port);
});

test('shutting down does not wait for a client that keeps its connection', async () => {
  const endpoint = startEndpoint();
  new MeterProvider({ readers: [endpoint.reader] });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  await scrapeWith(agent, await portOf(endpoint));
  const before = performance.now();
  await endpoint.reader.shutdown();
  expect(performance.now() - before).toBeLessThan(1_000);
});

async function scrapeWith(agent: Agent, port: number): Promise<void> {
  const [response] = (await once(get({ agent, host: HOST, port, path: '/metrics' }), 'response')) as [IncomingMessage];
  await response.resume().toArray();
  expect(response.statusCode).toBe(200);
}

test('neither the endpoint nor an open connection keeps the process alive', async () => {
  const program = `
    import { MeterProvider } from '@opentelemetry/sdk-metrics';
    import { createPrometheusReader } from ${JSON.stringify(new URL('../../src/export/prometheus.ts', import.meta.url))};
    const { reader, whenListening } = createPrometheusReader({ host: '${HOST}', port: 0, warn: console.error });
    new MeterProvider({ readers: [reader] });
    process.stdin.once('data', () => process.stdin.destroy());
    console.log((await whenListening).port);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  await scrapeWith(agent, Number(line));
  const before = performance.now();
  child.stdin.write('end');
  expect(await once(child, 'exit')).toEqual([0, null]);
  // The server of Node itself drops an idle connection after five seconds.
  expect(performance.now() - before).toBeLessThan(3_000);
});
