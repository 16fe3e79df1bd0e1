import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

const MODEL = 'gen_ai.request.model';

/** Takes what `second` asks, refuses everything else; writes hints before its answers, and has an answer without a body. */
const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  let body = '';
  for await (const piece of request) body += piece;
  const { model, max_tokens: tokens } = JSON.parse(body) as { model: string; max_tokens?: number };
  response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  if (model === 'empty') return response.writeHead(204).end();
  if (!model.startsWith('second') && tokens !== 1 && !model.startsWith('unique')) {
    const error = { error: { code: 'rate_limit_exceeded', message: 'CANARY' } };
    return response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after-ms': '1' })
      .end(JSON.stringify(error));
  }
  const usage = { prompt_tokens: 3, completion_tokens: 4 };
  const answer = { model, choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }], usage };
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const BASE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const APP = `
  import { modelCalls } from 'gaugeway';
  import OpenAI from 'openai';
  import { Agent, RetryAgent, request } from 'undici';
  const base = process.env.BASE_URL;
  const post = (body) =>
    fetch(base + '/v1/chat/completions', { method: 'POST', body: JSON.stringify({ messages: [], ...body }) });
  const say = async (name, response) => console.log(name, response.status, (await response.text()).length);

  // By the application itself, with another body each time: in one call, and in none.
  await modelCalls.run({ provider: 'openai', model: 'first' }, async () => {
    await say('other model', await post({ model: 'first' }));
    await say('other model', await post({ model: 'second' }));
  });
  await modelCalls.run({ provider: 'openai', model: 'shorter' }, async () => {
    await say('shorter', await post({ model: 'shorter' }));
    await say('shorter', await post({ model: 'shorter', max_tokens: 1 }));
  });
  await say('alone', await post({ model: 'alone' }));
  await say('alone', await post({ model: 'second-alone' }));

  // By an SDK whose fetch asks another model for a retry.
  let attempts = 0;
  const openai = new OpenAI({
    apiKey: 'sk', baseURL: base + '/v1', maxRetries: 1,
    fetch: (url, init) => fetch(url, attempts++ === 0 ? init : { ...init, body: init.body.replace('changed', 'second-changed') }),
  });
  console.log((await openai.chat.completions.create({ model: 'changed', messages: [] })).model);

  // Below the client, which sees the last answer alone.
  const agent = new RetryAgent(new Agent(), { maxRetries: 2, minTimeout: 1, methods: ['POST'], statusCodes: [429] });
  await request(base + '/v1/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'below', messages: [] }), dispatcher: agent }).then(
    ({ statusCode }) => console.log('below', statusCode),
    ({ code }) => console.log('below', code),
  );
  await agent.close();

  await say('empty', await post({ model: 'empty' }));
  for (let i = 0; i < 40; i++) await (await post({ model: 'unique-' + i })).text();
`;

it.each(NODES)(
  'retries with another body, below and above an SDK, are told as what they are on Node %s',
  async (node) => {
    const receiver = await startReceiver();
    const env = { BASE_URL, GAUGEWAY_MODEL_ENDPOINTS: `openai=${BASE_URL}/v1` };
    const bare = await runApp({ node, source: APP, env });
    const end = await runApp({ node, source: APP, flags: REGISTER, env: { ...env, ...receiver.env } });
    await receiver.close();
    expect(end).toMatchObject({ code: 0, stderr: '', stdout: bare.stdout });
    const told = (model: string) => {
      const at = { [MODEL]: model };
      const calls = receiver.points('gen_ai.client.operation.duration', at);
      return {
        calls: calls.map(({ count, attributes }) => [count, attributes['error.type']]),
        attempts: receiver.total('gaugeway.model.attempt.duration', at),
        retries: receiver.total('gaugeway.model.retries', at),
        fallbacks: receiver.total('gaugeway.model.fallbacks', at),
      };
    };
    const none = { calls: [], retries: 0, fallbacks: 0 };
    expect(told('first')).toEqual({ calls: [[1, undefined]], attempts: 1, retries: 0, fallbacks: 1 });
    expect(told('second')).toEqual({ ...none, attempts: 1 });
    expect(told('shorter')).toEqual({ calls: [[1, undefined]], attempts: 2, retries: 1, fallbacks: 0 });
    expect(told('alone')).toEqual({ ...none, calls: [[1, 'rate_limit_exceeded']], attempts: 1 });
    expect(told('second-alone')).toEqual({ ...none, calls: [[1, undefined]], attempts: 1 });
    expect(told('changed')).toEqual({ calls: [[1, undefined]], attempts: 1, retries: 0, fallbacks: 1 });
    expect(told('second-changed')).toEqual({ ...none, attempts: 1 });
    expect(told('below')).toEqual({ ...none, calls: [[3, 'rate_limit_exceeded']], attempts: 3 });
    // An answer that says that it has no body is one.
    expect(told('empty')).toEqual({ ...none, calls: [[1, undefined]], attempts: 1 });
    expect(JSON.stringify(receiver.requests.map(({ body }) => body))).not.toContain('CANARY');
  },
);

it('models that are new with every call are bounded in all metrics: the first ones, then other', async () => {
  const receiver = await startReceiver();
  const env = { BASE_URL, GAUGEWAY_MAX_ATTRIBUTE_VALUES: '7', GAUGEWAY_GENAI_NAMES: 'both', ...receiver.env };
  const end = await runApp({ source: APP, flags: REGISTER, env });
  await receiver.close();
  expect(end).toMatchObject({ code: 0, stderr: '' });
  const values = new Map<string, Set<unknown>>();
  for (const { name, attributes } of receiver.points()) {
    for (const key of [MODEL, 'gen_ai.response.model', 'gaugeway.fallback.from', 'gaugeway.fallback.to']) {
      if (attributes[key] === undefined) continue;
      const seen = values.get(`${name} ${key}`) ?? new Set();
      values.set(`${name} ${key}`, seen.add(attributes[key]));
    }
  }
  expect(values.size).toBeGreaterThan(10);
  for (const [series, seen] of values) {
    expect([series, seen.size <= 8]).toEqual([series, true]);
  }
  for (const name of [
    'gen_ai.client.operation.duration',
    'gen_ai.client.token.usage',
    'gaugeway.model.attempt.duration',
  ]) {
    expect(values.get(`${name} ${MODEL}`)).toContain('other');
  }
  expect(receiver.total('gaugeway.self.dropped', { 'gaugeway.drop.reason': 'series_limit' })).toBeGreaterThan(0);
});
