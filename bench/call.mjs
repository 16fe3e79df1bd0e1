// One model call through everything: recorder, metrics, span; and what a call in flight holds.
import { channel } from 'node:diagnostics_channel';
import { modelCalls } from '../dist/src/index.js';
import { setup } from '../dist/src/setup.js';
import { streams } from './events.mjs';
import { heapUsed, isQuick, median, report, time } from './rounds.mjs';

// The server that this runs against takes OTLP, so that spans leave in batches as they do in a healthy system.
const handle = setup({
  metricsExporters: ['otlp'],
  tracesExporters: process.env.BENCH_SPANS === '0' ? ['none'] : ['otlp'],
});

const create = channel('undici:request:create');
const bodyChunkSent = channel('undici:request:bodyChunkSent');
const bodySent = channel('undici:request:bodySent');
const headers = channel('undici:request:headers');
const bodyChunkReceived = channel('undici:request:bodyChunkReceived');
const trailers = channel('undici:request:trailers');

const MODELS = ['gpt-4o-mini', 'gpt-4o', 'gpt-4.1', 'o3'];
const usage = { input: 120, output: 80, cacheRead: 20 };
const asked = MODELS.map((model) =>
  Buffer.from(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Why?' }] })),
);
const answered = MODELS.map((model) =>
  [
    streams['openai chat'].text(0).replace('gpt-4o-mini-2024-07-18', model),
    streams['openai chat'].text(1).replace('gpt-4o-mini-2024-07-18', model),
    `data: {"id":"chatcmpl-1","model":"${model}","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n`,
    `data: {"id":"chatcmpl-1","model":"${model}","choices":[],"usage":{"prompt_tokens":120,"completion_tokens":80,"total_tokens":200}}\n\n`,
    'data: [DONE]\n\n',
  ].map((event) => Buffer.from(event)),
);
const HEADERS = ['content-type', 'text/event-stream'];

class Request {
  method = 'POST';
  origin = 'https://api.openai.com';
  path = '/v1/chat/completions';
}

function explicit(i) {
  const model = MODELS[i % MODELS.length];
  const call = modelCalls.start({ provider: 'openai', model, streaming: true });
  call.chunk();
  return () => call.end({ model, id: 'chatcmpl-1', finishReasons: ['stop'], usage });
}

function wire(i) {
  const request = new Request();
  create.publish({ request });
  bodyChunkSent.publish({ request, chunk: asked[i % MODELS.length] });
  bodySent.publish({ request });
  headers.publish({ request, response: { statusCode: 200, headers: HEADERS } });
  bodyChunkReceived.publish({ request, chunk: answered[i % MODELS.length][0] });
  return () => {
    for (const chunk of answered[i % MODELS.length].slice(1)) bodyChunkReceived.publish({ request, chunk });
    trailers.publish({ request, trailers: [] });
  };
}

// Below a batch of the exporter, so that no span is dropped before it was paid for.
const CALLS = 400;
const ROUNDS = isQuick ? 20 : 60;
const IN_FLIGHT = 5000;

async function costOf(begin) {
  const costs = [];
  for (let round = -10; round < ROUNDS; round++) {
    const nanoseconds = time(CALLS, (i) => begin(i)());
    await handle.flush();
    if (round >= 0) costs.push(nanoseconds);
  }
  return median(costs);
}

async function heldBy(begin) {
  for (let i = 0; i < 100; i++) begin(i)();
  await handle.flush();
  const ends = new Array(IN_FLIGHT);
  const before = heapUsed();
  for (let i = 0; i < IN_FLIGHT; i++) ends[i] = begin(i);
  const held = (heapUsed() - before) / IN_FLIGHT;
  for (const end of ends) end();
  await handle.flush();
  return held;
}

const figures = {};
for (const [name, begin] of Object.entries({ 'explicit call': explicit, 'call on the wire': wire })) {
  figures[name] = { ns: await costOf(begin), bytesInFlight: await heldBy(begin) };
}
report({ figures });
process.exit(0);
