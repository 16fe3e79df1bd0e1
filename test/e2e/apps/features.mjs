// What the demo leaves out: routes and queries, operations, agents, retries and fallbacks and a broker with its troubles.
import { setTimeout as delay } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import express from 'express';
import { agents, modelCalls, operations, queries } from 'gaugeway';
import { createExpressMiddleware } from 'gaugeway/http';
import OpenAI from 'openai';
import { answer } from './answer.mjs';

const openai = new OpenAI({ baseURL: process.env.OPENAI_URL, apiKey: 'none', maxRetries: 1 });
const messages = [{ role: 'user', content: 'Hello' }];
const ignore = () => undefined;
const chat = (model, behaviour) =>
  openai.chat.completions.create(
    { model, messages },
    { headers: { 'x-mock-behaviour': JSON.stringify({ promptTokens: 100, completionTokens: 20, ...behaviour }) } },
  );

const app = express();
app.set('env', 'test');
app.use(createExpressMiddleware());
app.get('/items/:id', async (request, response) => {
  queries.record(
    { system: 'postgresql', operation: 'SELECT', collection: 'items' },
    { durationMs: request.params.id === 'slow' ? 300 : 4 },
  );
  if (request.params.id === 'slow') await delay(300);
  response.sendStatus(request.params.id === 'broken' ? 503 : 200);
});
app.get('/chat', async (_request, response) => {
  await chat('gpt-4o-mini', { cachedTokens: 40, cacheWriteTokens: 10, reasoningTokens: 5 });
  response.send('done');
});
const server = app.listen(0, '127.0.0.1');
const get = async (path) => (await fetch(`http://127.0.0.1:${server.address().port}${path}`)).text();

async function work() {
  await Promise.all(['/items/1', '/items/2', '/items/slow', '/items/broken', '/chat'].map(get));
  await operations.run('load documents', async () => delay(5));
  await operations.run('load documents', async () => Promise.reject(new TypeError('broken'))).catch(ignore);
  modelCalls.cache('hit', { provider: 'openai', model: 'gpt-4o-mini' });
  modelCalls.cache('miss', { provider: 'openai', model: 'gpt-4o-mini' });
  // A retry in vain, and then another model.
  await modelCalls.run({ provider: 'openai', model: 'gpt-4o' }, async () => {
    await chat('gpt-4o', { status: 429, retryAfterSeconds: 0 }).catch(ignore);
    await chat('gpt-4o-mini');
  });
  await agents.run({ kind: 'workflow', name: 'answer' }, () =>
    agents.run({ kind: 'agent', name: 'researcher' }, async () => {
      await chat('gpt-4o-mini');
      await agents.run({ kind: 'tool', name: 'search' }, () => delay(5));
      await agents.run({ kind: 'tool', name: 'read' }, () => Promise.reject(new RangeError('broken'))).catch(ignore);
    }),
  );
  // Refused, because it is no duration.
  queries.record({ operation: 'SELECT' }, { durationMs: Number.NaN });
}

function broker() {
  const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
  const queue = new Queue('mail', { connection });
  const stalling = { connection, lockDuration: 300, lockRenewTime: 60_000, stalledInterval: 500, maxStalledCount: 100 };
  const workers = [1, 2].map(() => new Worker('mail', () => delay(2000), stalling));
  const lost = new Worker('mail', null, { connection: { ...connection, port: 9, retryStrategy: () => 200 } });
  for (const each of [queue, lost, ...workers]) each.on('error', ignore);
  return queue;
}

let isStopped = false;
answer({
  async begin() {
    const queue = broker();
    void (async () => {
      while (!isStopped) await Promise.all([work(), queue.add('welcome', {}), delay(200)]);
    })();
  },
  end() {
    isStopped = true;
  },
});
