// An AI platform in one file: SDK calls, jobs, operations, a gateway object, an event bus and metrics of its own.
import { EventEmitter } from 'node:events';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { metrics } from '@opentelemetry/api';
import { instrumentGateway, jobs, observeEventBus, operations } from 'gaugeway';
import { setup } from 'gaugeway/setup';
import OpenAI from 'openai';
import { answer } from './answer.mjs';

const { OPENAI_URL, ANTHROPIC_URL, GEMINI_URL } = process.env;
const openai = new OpenAI({ baseURL: OPENAI_URL, apiKey: 'none', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: ANTHROPIC_URL, apiKey: 'none', maxRetries: 0 });
const gemini = new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: GEMINI_URL } });
const messages = [{ role: 'user', content: 'The secret recipe' }];

/** Has the mock provider answer as described. */
const as = (behaviour) => ({ headers: { 'x-mock-behaviour': JSON.stringify(behaviour) } });
const drain = async (stream) => {
  for await (const _ of await stream);
};
const ignore = () => undefined;

async function modelCalls() {
  const chat = (model, behaviour, extra) =>
    openai.chat.completions.create({ model, messages, ...extra }, as(behaviour));
  await chat('gpt-4o-mini', { promptTokens: 100, completionTokens: 20, cachedTokens: 40, reasoningTokens: 5 });
  const stream = { stream: true, stream_options: { include_usage: true } };
  await drain(chat('gpt-4o-mini', { promptTokens: 200, completionTokens: 30, chunks: 8, chunkDelayMs: 5 }, stream));
  await drain(chat('gpt-4o', { promptTokens: 7, completionTokens: 9, encoding: 'gzip', chunkDelayMs: 5 }, stream));
  await chat('gpt-4o', { usage: 'nan' }).catch(ignore);
  await chat('gpt-4o', { status: 500 }).catch(ignore);
  await chat('gpt-4o', { status: 429, retryAfterSeconds: 1 }).catch(ignore);
  await drain(chat('gpt-4o', { dropAfterChunks: 2, chunkDelayMs: 5 }, stream)).catch(ignore);
  await openai.responses.create(
    { model: 'gpt-4o', input: 'The secret recipe' },
    as({ promptTokens: 11, completionTokens: 3 }),
  );
  await openai.embeddings.create(
    { model: 'text-embedding-3-small', input: 'The secret recipe' },
    as({ promptTokens: 6 }),
  );
  await anthropic.messages.create(
    { model: 'claude-sonnet-4-5', max_tokens: 10, messages },
    as({ promptTokens: 50, completionTokens: 4, cachedTokens: 10, cacheWriteTokens: 15 }),
  );
  await drain(
    anthropic.messages.create(
      { model: 'claude-sonnet-4-5', max_tokens: 10, messages, stream: true },
      as({ promptTokens: 60, completionTokens: 6, chunkDelayMs: 5 }),
    ),
  );
  const config = { httpOptions: as({ promptTokens: 33, completionTokens: 22, chunkDelayMs: 5 }) };
  await gemini.models.generateContent({ model: 'gemini-2.5-flash', contents: 'The secret recipe', config });
  await drain(
    gemini.models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'The secret recipe', config }),
  );
}

async function work() {
  const report = { name: 'report', system: 'custom', queue: 'reports' };
  await jobs.run({ ...report, createdAt: Date.now() - 5000, waitMs: 2000 }, (job) =>
    job.step({ name: 'write', agent: 'writer' }, async () =>
      openai.chat.completions.create({ model: 'gpt-4o-mini', messages }, as({ promptTokens: 1, completionTokens: 2 })),
    ),
  );
  await jobs.run(report, () => Promise.reject(new TypeError('broken'))).catch(ignore);
  jobs.start(report).fail(new RangeError('again'), { final: false });
  // Hangs: only the gauges show it.
  jobs.start({ name: 'hung' });

  await operations.run('load documents', async () => 'done');
  try {
    operations.run('load documents', () => {
      throw new SyntaxError('broken');
    });
  } catch {}

  const gateway = { complete: async () => ({ usage: { totalTokens: 12, inputTokens: 8, outputTokens: 4 } }) };
  instrumentGateway(gateway, { methods: ['complete'], provider: 'in_house', model: ({ engine }) => engine });
  await gateway.complete({ engine: 'house-1' });

  const bus = new EventEmitter();
  observeEventBus(bus, { system: 'house_bus' });
  for (const status of ['RUNNING', 'COMPLETED']) bus.emit('job:status', { jobId: 1, status, name: 'index' });
}

function ownMetrics() {
  const meter = metrics.getMeter('my-gateway', '2.3.4');
  meter
    .createCounter('my.requests', { unit: '{request}', description: 'Requests.' })
    .add(3, { 'tenant.name': 'a"b\\c\nd' });
  meter.createCounter('my.total.cost', { unit: 'USD' }).add(0.125);
  meter.createUpDownCounter('my.connections').add(-2);
  meter.createGauge('my.cache.hits', { unit: '1' }).record(0.75, { 'a.b': 'x', a__b: 'z', list: ['p', 'q'] });
  const sizes = meter.createHistogram('my.payload.size', {
    unit: 'By',
    advice: { explicitBucketBoundaries: [0.5, 10, 1000, 1e6, 1e21] },
  });
  for (const size of [0, 10, 11, 5e5, 2e6]) sizes.record(size, { direction: 'in', cached: true, port: 8080 });
  meter.createObservableGauge('my.uptime', { unit: 'ms' }).addCallback((result) => result.observe(42));
}

answer({
  async run() {
    await modelCalls();
    await work();
    ownMetrics();
  },
  flush: () => setup().flush(),
});
