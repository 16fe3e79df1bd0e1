import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

const APP = 'test/instrumentations/wire/apps/redirects.ts';
const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const [status = 0, last = 0] = String(request.headers['x-redirect']).split(',').map(Number);
  const { model } = body === '' ? { model: 'none' } : (JSON.parse(body) as { model: string });
  if (request.url?.startsWith('/v1/chat/completions') === true) {
    // All that are side by side go to one place, as a provider's clients do.
    const place = model.includes('beside') ? 'beside' : model;
    return response.writeHead(status, { location: `/elsewhere/${place}#there` }).end('elsewhere');
  }
  const usage = { prompt_tokens: 3, completion_tokens: 4 };
  const answer = last === 200 ? { model, choices: [{ finish_reason: 'stop' }], usage } : {};
  return response.writeHead(last, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const BASE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it.each(NODES)('a redirect that the client follows is an attempt of one call on Node %s', async (node) => {
  const receiver = await startReceiver();
  const bare = await runApp({ node, file: APP, env: { BASE_URL } });
  const end = await runApp({ node, file: APP, flags: REGISTER, env: { BASE_URL, ...receiver.env } });
  expect(end).toMatchObject({ code: 0, stderr: '', stdout: bare.stdout });
  const calls = receiver
    .points('gen_ai.client.operation.duration')
    .map(({ count, attributes }) => [attributes['gen_ai.request.model'], attributes['error.type'], count]);
  const attempts = receiver
    .points('gaugeway.model.attempt.duration')
    .map(({ count, attributes }) => [
      attributes['gen_ai.request.model'],
      attributes['http.response.status_code'],
      attributes['gaugeway.outcome'],
      count,
    ]);
  const expectedCalls: unknown[] = [];
  const expectedAttempts: unknown[] = [];
  const expectCall = (model: string, first: number, last: number, errorType?: string): void => {
    expectedCalls.push([model, errorType, 1]);
    expectedAttempts.push([model, first, 'success', 1]);
    expectedAttempts.push([model, last, errorType === undefined ? 'success' : 'error', 1]);
  };
  for (const client of ['fetch', 'undici', 'axios', 'node-fetch']) {
    expectCall(`${client}.307`, 307, 200);
    expectCall(`${client}.303`, 303, 200);
    expectCall(`${client}.failing`, 308, 500, '500');
    expectCall(`${client}.enclosed`, 307, 200);
    for (const name of ['a', 'b', 'c']) expectCall(`${client}.beside-${name}`, 307, 200);
  }
  for (const model of ['fetch.manual', 'fetch.error', 'axios.manual', 'fetch.last']) {
    expectedCalls.push([model, '307', 1]);
    expectedAttempts.push([model, 307, 'error', 1]);
  }
  const sorted = (rows: unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  expect(sorted(calls)).toEqual(sorted(expectedCalls));
  expect(sorted(attempts)).toEqual(sorted(expectedAttempts));
  // The answer that was redirected to tells what the whole call used.
  const used = receiver.points('gen_ai.client.token.usage', { 'gen_ai.token.type': 'output' });
  expect(used.filter(({ sum }) => sum === 4)).toHaveLength(4 * 6);
  expect(receiver.total('gaugeway.model.retries')).toBe(0);
  expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
  expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  expect(receiver.spans).toHaveLength(expectedCalls.length);
  await receiver.close();
});
