import { afterAll, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { type Receiver, startReceiver } from '../../helpers/receiver.ts';
import { type AppEnd, NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

const mock = await startMockProvider();
afterAll(() => mock.close());

async function run(node: (typeof NODES)[number], body: string): Promise<AppEnd & { receiver: Receiver }> {
  const receiver = await startReceiver();
  const source = `
    import { createServer } from 'node:http';
    import { context } from '@opentelemetry/api';
    import { suppressTracing } from '@opentelemetry/core';
    import { modelCalls, observe } from 'gaugeway';
    import OpenAI from 'openai';
    const events = [];
    for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, (error) => events.push(String(error)));
    const base = process.env.BASE_URL;
    const post = (model, behaviour = {}, url = base) => fetch(url + '/v1/chat/completions', {
      method: 'POST', body: JSON.stringify({ model, messages: [] }), headers: { 'x-mock-behaviour': JSON.stringify(behaviour) },
    });
    ${body}
    console.log(JSON.stringify(events));
  `;
  const end = await runApp({ node, source, flags: REGISTER, env: { BASE_URL: mock.url, ...receiver.env } });
  await receiver.close();
  return { ...end, receiver };
}

function calls({ receiver }: { receiver: Receiver }): unknown[] {
  return receiver
    .points('gen_ai.client.operation.duration')
    .map(({ count, attributes }) => [attributes['gen_ai.request.model'], attributes['error.type'], count])
    .sort();
}

it.each(NODES)('a listener that throws reaches neither the application nor the numbers on Node %s', async (node) => {
  const end = await run(
    node,
    `const broken = () => { throw new Error('broken'); };
     observe({ started: broken, ended: broken, observed: broken, dropped: broken });
     for (const model of ['a', 'b']) await (await post(model)).text();
     await (await post('c', { rawBody: '<html>', contentType: 'text/html' })).text();
     const closed = createServer().listen(0);
     const { port } = closed.address();
     await new Promise((resolve) => closed.close(resolve));
     try { await post('d', {}, 'http://127.0.0.1:' + port); } catch {}`,
  );
  expect(end).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(end.stderr).toMatch(/^gaugeway: .*broken/);
  expect(calls(end)).toEqual([
    [undefined, 'ECONNREFUSED', 1],
    ['a', undefined, 1],
    ['b', undefined, 1],
    ['c', 'invalid_response', 1],
  ]);
  expect(end.receiver.total('gaugeway.self.dropped', { 'gaugeway.drop.reason': 'listener_failed' })).toBeGreaterThan(0);
});

it.each(NODES)('a request in a suppressed context is not measured on Node %s', async (node) => {
  const end = await run(
    node,
    `await context.with(suppressTracing(context.active()), async () => (await post('hidden')).text());
     await (await post('seen')).text();`,
  );
  expect(end).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' });
  expect(calls(end)).toEqual([['seen', undefined, 1]]);
});

it.each(NODES)('requests on one connection are told apart on Node %s', async (node) => {
  mock.reset();
  const end = await run(node, `for (let i = 0; i < 5; i++) await (await post('m' + (i % 2))).text();`);
  expect(calls(end)).toEqual([
    ['m0', undefined, 3],
    ['m1', undefined, 2],
  ]);
});

it('a call that the SDK retries is one call with its attempts, and no second one where the application tells it too', async () => {
  const end = await run(
    '24',
    `let failures = 0;
     const server = createServer((request, response) => {
       request.resume();
       const isLate = failures++ % 3 === 2;
       response.writeHead(isLate ? 200 : 503, { 'content-type': 'application/json', 'retry-after-ms': '1' });
       response.end(isLate ? '{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}' : '{}');
     }).listen(0);
     const client = new OpenAI({ apiKey: 'x', baseURL: 'http://127.0.0.1:' + server.address().port + '/v1', maxRetries: 2 });
     await client.chat.completions.create({ model: 'alone', messages: [] });
     await modelCalls.run({ provider: 'openai', model: 'enclosed' }, async () => {
       await client.chat.completions.create({ model: 'enclosed', messages: [] });
     });
     server.close(); server.closeAllConnections();`,
  );
  expect(end).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' });
  expect(calls(end)).toEqual([
    ['alone', undefined, 1],
    ['enclosed', undefined, 1],
  ]);
  const { receiver } = end;
  for (const model of ['alone', 'enclosed']) {
    expect(receiver.total('gaugeway.model.attempt.duration', { 'gen_ai.request.model': model })).toBe(3);
    expect(receiver.total('gaugeway.model.retries', { 'gen_ai.request.model': model, 'error.type': '503' })).toBe(2);
  }
});
