import { expect, it } from 'vitest';
import { NODES, REGISTER, runApp } from '../helpers/run-app.ts';

const SOURCE = `
  import { createServer, request } from 'node:http';
  import { PerformanceMonitor } from 'gaugeway/monitor';
  import { observe } from 'gaugeway';
  const answer = JSON.stringify({ choices: [{ finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 2 } });
  const server = createServer((asked, response) => {
    asked.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = 'http://127.0.0.1:' + server.address().port + '/v1/chat/completions';
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'é'.repeat(1000) }] });
  const monitor = new PerformanceMonitor();
  const told = [];
  observe({ observed: (one) => one.kind === 'model_attempt' && told.push([one.requestBytes, one.responseBytes]) });
  await (await fetch(url, { method: 'POST', body })).text();
  await new Promise((resolve) => {
    request(url, { method: 'POST' }, (response) => response.resume().on('end', resolve)).end(body);
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const sizes = [Buffer.byteLength(body), Buffer.byteLength(answer)];
  const { bytesPerSecond } = monitor.getThroughputStats(100);
  console.log(JSON.stringify({ told, sizes, bytes: Math.round(bytesPerSecond * 100) }));
  server.close();
  server.closeAllConnections();
`;

it.each(NODES)('the bodies of model calls are bytes that passed, on either wire: Node %s', async (node) => {
  const env = {
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_TRACES_EXPORTER: 'none',
    GAUGEWAY_MODEL_ENDPOINTS: 'any=http://127.0.0.1/v1',
  };
  const { code, stdout, stderr } = await runApp({ node, source: SOURCE, flags: REGISTER, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { told, sizes, bytes } = JSON.parse(stdout) as { told: number[][]; sizes: [number, number]; bytes: number };
  expect(told).toEqual([sizes, sizes]);
  expect(bytes).toBe(2 * (sizes[0] + sizes[1]));
});
