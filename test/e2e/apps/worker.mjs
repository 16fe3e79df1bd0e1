// Works without end: one model call after the other, until it is told to stop.

import { setup } from 'gaugeway/setup';
import OpenAI from 'openai';
import { answer } from './answer.mjs';

const openai = new OpenAI({ baseURL: process.env.OPENAI_URL, apiKey: 'none', maxRetries: 0 });
const seen = { answers: 0, streams: 0, failures: 0, wrong: 0 };
let isWorking = true;

async function ask(number) {
  const behaviour = {
    promptTokens: 10 + (number % 7),
    completionTokens: 5,
    chunkDelayMs: 1,
    status: number % 10 === 9 ? 500 : 200,
  };
  const stream = number % 2 === 0;
  try {
    const response = await openai.chat.completions.create(
      {
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: 'work' }],
        stream,
        ...(stream && { stream_options: { include_usage: true } }),
      },
      { headers: { 'x-mock-behaviour': JSON.stringify(behaviour) } },
    );
    let text = '';
    if (stream) for await (const { choices } of response) text += choices[0]?.delta.content ?? '';
    else text = response.choices[0].message.content;
    if (text !== 'word '.repeat(5)) seen.wrong++;
    seen[stream ? 'streams' : 'answers']++;
  } catch (error) {
    if (error.status === 500) seen.failures++;
    else seen.wrong++;
  }
}

async function work(first) {
  for (let number = first; isWorking; number += 2) {
    await ask(number);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const working = [work(0), work(1)];

answer({
  seen: () => seen,
  async stop() {
    isWorking = false;
    await Promise.all(working);
    return seen;
  },
  flush: () => setup().flush(),
});
