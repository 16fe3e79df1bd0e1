// A model gateway: one OpenAI-compatible API in front of OpenAI, Anthropic and Gemini. It holds no line that measures:
//   node --import gaugeway/register examples/demo/gateway.ts
import { serve } from '@hono/node-server';
import { context, propagation } from '@opentelemetry/api';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type OpenAI from 'openai';
import { type ChatRequest, complete, embed, stream } from './providers.ts';
import { statusOf, withFallback } from './routing.ts';

const app = new Hono();

// A caller's trace goes on here: the job of an orchestrator and the model calls that it causes become one trace.
app.use((c, next) => context.with(propagation.extract(context.active(), c.req.header()), next));

app.post('/v1/chat/completions', async (c) => {
  const request = await c.req.json<ChatRequest>();
  const { signal } = c.req.raw;
  if (request.stream !== true) {
    return c.json(await withFallback(request.model, (model) => complete({ ...request, model }, signal)));
  }
  const chunks = await withFallback(request.model, (model) => stream({ ...request, model }, signal));
  return streamSSE(c, async (sse) => {
    try {
      for await (const chunk of chunks) await sse.writeSSE({ data: JSON.stringify(chunk) });
      await sse.writeSSE({ data: '[DONE]' });
    } catch (error) {
      // Half an answer is out, so no other model can take over: the client has to hear of it.
      await sse.writeSSE({ data: JSON.stringify(explain(error)) });
    }
  });
});

app.post('/v1/embeddings', async (c) => {
  const request = await c.req.json<OpenAI.EmbeddingCreateParams>();
  return c.json(await withFallback(request.model, () => embed(request, c.req.raw.signal)));
});

app.onError((error, c) => {
  const status = statusOf(error) ?? 500;
  return c.json(explain(error), status === 404 || status === 429 ? status : status < 500 ? 400 : 502);
});

function explain(error: unknown) {
  return { error: { message: error instanceof Error ? error.message : String(error), type: 'gateway_error' } };
}

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8787) }, ({ port }) =>
  console.log(`gateway at http://127.0.0.1:${port}`),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
