import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation } from '@opentelemetry/api';
import { jobs } from 'gaugeway';
import OpenAI from 'openai';

const gateway = new OpenAI({
  baseURL: `${process.env.GATEWAY_URL ?? 'http://127.0.0.1:8787'}/v1`,
  apiKey: 'unused',
  maxRetries: 0,
  timeout: 60_000,
});

type Handler = (data: { text?: string }) => Promise<void>;

/** What each queue does; a job that throws is tried again by pg-boss. */
export const handlers: Record<string, Handler> = {
  async 'summarize-ticket'({ text = '' }) {
    const language = await jobs.step({ name: 'detect-language', type: 'model' }, () => ask('gpt-5-nano', text));
    await jobs.step({ name: 'summarize', type: 'model' }, () => ask('claude-haiku-4-5', `${language}: ${text}`, true));
  },

  async 'index-document'({ text = '' }) {
    const vector = await jobs.step({ name: 'embed', type: 'model' }, () => embed(text));
    await jobs.step({ name: 'store', type: 'tool' }, () => store(vector));
  },

  async 'research-topic'({ text = '' }) {
    const plan = await jobs.step({ name: 'plan', type: 'agent', agent: 'planner' }, () => ask('gpt-5-mini', text));
    const notes = await Promise.all(
      ['for', 'against'].map((side) =>
        jobs.step({ name: 'search', type: 'agent', agent: 'researcher' }, () =>
          ask('gemini-2.5-flash', `${side}: ${plan}`),
        ),
      ),
    );
    await jobs.step({ name: 'write', type: 'agent', agent: 'writer' }, () =>
      ask('claude-haiku-4-5', notes.join('\n'), true),
    );
  },
};

async function ask(model: string, content: string, streamed = false): Promise<string> {
  const request = { model, messages: [{ role: 'user' as const, content }] };
  if (!streamed) {
    const answer = await gateway.chat.completions.create(request, { headers: trace() });
    return answer.choices[0]?.message.content ?? '';
  }
  let text = '';
  for await (const chunk of await gateway.chat.completions.create({ ...request, stream: true }, { headers: trace() })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

async function embed(input: string): Promise<number[]> {
  const request = { model: 'text-embedding-3-small', input, encoding_format: 'float' as const };
  const answer = await gateway.embeddings.create(request, { headers: trace() });
  return answer.data[0]?.embedding ?? [];
}

/** Continues the job's trace in the gateway. gaugeway adds no header by itself: most model calls go to strangers. */
function trace(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

class StoreBusyError extends Error {
  override name = 'StoreBusyError';
}

let writes = 0;

/** A vector store that is busy now and then. */
async function store(_vector: number[]): Promise<void> {
  writes += 1;
  await delay(20 + (writes % 5) * 10);
  if (writes % 9 === 4) throw new StoreBusyError('The store is busy.');
}
