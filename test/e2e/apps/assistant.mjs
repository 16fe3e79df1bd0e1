// A service whose answers wait for a model provider, and its users.
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { createExpressMiddleware } from 'gaugeway/http';
import OpenAI from 'openai';
import { answer } from './answer.mjs';

const openai = new OpenAI({ baseURL: process.env.OPENAI_URL, apiKey: 'none', maxRetries: 0 });
let upstreamDelayMs = 0;
let isStopped = false;

const app = express();
app.use(createExpressMiddleware());
app.get('/ask/:user', async (_request, response) => {
  const { usage } = await openai.chat.completions.create(
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] },
    { headers: { 'x-mock-behaviour': JSON.stringify({ headerDelayMs: upstreamDelayMs }) } },
  );
  response.json(usage);
});
const server = app.listen(0, '127.0.0.1');

async function user(name) {
  while (!isStopped) {
    await (await fetch(`http://127.0.0.1:${server.address().port}/ask/${name}`)).json();
    await delay(50);
  }
}

answer({
  begin: () => void ['ada', 'bob', 'cem', 'dee', 'eva', 'fay', 'gil', 'hal'].map(user),
  slowDown(durationMs) {
    upstreamDelayMs = durationMs;
  },
  end() {
    isStopped = true;
  },
});
