// Users of the gateway and senders of jobs, at a steady rate, whether or not the last ones have been answered.
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';

const { GATEWAY_URL, ORCHESTRATOR_URL, TRAFFIC_SECONDS } = process.env;
const until = performance.now() + Number(TRAFFIC_SECONDS ?? Number.POSITIVE_INFINITY) * 1000;

const MODELS = ['gpt-5-mini', 'claude-haiku-4-5', 'gemini-2.5-flash', 'gpt-5-nano'];
const QUEUES = ['summarize-ticket', 'index-document', 'research-topic', 'index-document'];

const client = new OpenAI({ baseURL: `${GATEWAY_URL}/v1`, apiKey: 'unused', maxRetries: 0 });
const open = new Set<Promise<unknown>>();

/** Failures are what the demo shows; they are the gateway's to handle and nobody's to end on. */
function begin(work: Promise<unknown>): void {
  const settled = work.catch(() => undefined).finally(() => open.delete(settled));
  open.add(settled);
}

async function chat(model: string, stream: boolean): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'Tell me something about lighthouses.' }];
  if (!stream) {
    await client.chat.completions.create({ model, messages });
    return;
  }
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) void chunk;
}

async function send(queue: string, text: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${ORCHESTRATOR_URL}/jobs/${queue}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ text }),
  });
  await response.body?.cancel();
}

for (let round = 0; performance.now() < until; round += 1) {
  const model = MODELS[round % MODELS.length] ?? 'gpt-5-mini';
  begin(chat(model, Math.floor(round / MODELS.length) % 3 > 0));
  if (round % 4 === 0) begin(send(QUEUES[(round / 4) % QUEUES.length] ?? 'index-document', `Topic ${round}`));
  await delay(100);
}
await Promise.all(open);
