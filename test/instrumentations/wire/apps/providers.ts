/* Calls the providers that are not OpenAI, Anthropic or Google through their SDKs, and what OpenAI has beside chats; each
   call has a model name of its own, and what the application sees goes to stdout. */
import { Mistral } from '@mistralai/mistralai';
import Groq from 'groq-sdk';
import { Ollama } from 'ollama';
import OpenAI, { AzureOpenAI, toFile } from 'openai';

const BASE = process.env.BASE_URL ?? '';
const messages = [{ role: 'user' as const, content: 'Hi' }];
const stream = true as const;
const SLOW = { chunks: 200, chunkDelayMs: 15 };

type Headers = Record<string, string>;
type Run = (model: string, headers: Headers) => Promise<unknown>;
const cases: [model: string, run: Run][] = [];
let tokens = 10;

/** Every case is billed differently. */
function headersOf(behaviour: object): Headers {
  tokens += 3;
  const counts = { promptTokens: tokens, completionTokens: tokens - 5, cachedTokens: 2, reasoningTokens: 1 };
  return { 'x-mock-behaviour': JSON.stringify({ chunks: 4, ...counts, ...behaviour }) };
}

async function read<T>(items: AsyncIterable<T>, tell: (item: T) => unknown, most = Number.POSITIVE_INFINITY) {
  const told: unknown[] = [];
  for await (const item of items) if (told.push(tell(item)) >= most) break;
  return told;
}

/** The SDKs that OpenAI's generator made, and all that OpenAI's own one can be pointed at. */
function openAiLike(name: string, client: OpenAI): void {
  const { completions } = client.chat;
  cases.push(
    [`${name}.chat`, async (model, headers) => (await completions.create({ model, messages }, { headers })).usage],
    [
      `${name}.stream`,
      async (model, headers) =>
        read(await completions.create({ model, messages, stream }, { headers }), (chunk) => chunk.choices[0]?.delta),
    ],
    [
      `${name}.stream-left`,
      async (model) =>
        read(
          await completions.create({ model, messages, stream }, { headers: headersOf(SLOW) }),
          (chunk) => chunk.object,
          3,
        ),
    ],
    [
      `${name}.error`,
      (model) => completions.create({ model, messages }, { headers: headersOf({ status: 429 }), maxRetries: 0 }),
    ],
    [
      `${name}.stream-error`,
      async (model) =>
        read(
          await completions.create({ model, messages, stream }, { headers: headersOf({ errorEventAfterChunks: 2 }) }),
          (chunk) => chunk.object,
        ),
    ],
  );
}

function mistral(): void {
  const client = new Mistral({ apiKey: 'mock', serverURL: `${BASE}/mistral`, retryConfig: { strategy: 'none' } });
  cases.push(
    ['mistral.chat', async (model, headers) => (await client.chat.complete({ model, messages }, { headers })).usage],
    [
      'mistral.stream',
      async (model, headers) =>
        read(await client.chat.stream({ model, messages }, { headers }), ({ data }) => [
          data.choices[0]?.delta,
          data.usage,
        ]),
    ],
    [
      'mistral.stream-left',
      async (model) =>
        read(await client.chat.stream({ model, messages }, { headers: headersOf(SLOW) }), ({ data }) => data.object, 3),
    ],
    ['mistral.fim', async (model, headers) => (await client.fim.complete({ model, prompt: 'def' }, { headers })).usage],
    [
      'mistral.embeddings',
      async (model, headers) => (await client.embeddings.create({ model, inputs: ['Hi'] }, { headers })).usage,
    ],
    ['mistral.error', (model) => client.chat.complete({ model, messages }, { headers: headersOf({ status: 429 }) })],
  );
}

function ollama(): void {
  const client = (headers: Headers): Ollama => new Ollama({ host: `${BASE}/ollama`, headers });
  const counts = (answer: { prompt_eval_count: number; eval_count: number }): unknown => [
    answer.prompt_eval_count,
    answer.eval_count,
  ];
  cases.push(
    ['ollama.chat', async (model, headers) => counts(await client(headers).chat({ model, messages }))],
    [
      'ollama.stream',
      async (model, headers) =>
        read(await client(headers).chat({ model, messages, stream }), (line) => [
          line.message.content,
          line.eval_count,
        ]),
    ],
    [
      'ollama.stream-split',
      async (model) =>
        read(await client(headersOf({ splitBytes: 7 })).chat({ model, messages, stream }), ({ done }) => done),
    ],
    [
      'ollama.stream-left',
      async (model) => {
        const lines = await client(headersOf(SLOW)).chat({ model, messages, stream });
        // Leaving the loop leaves the request to itself.
        return read(lines, () => lines.abort());
      },
    ],
    [
      'ollama.stream-error',
      async (model) =>
        read(
          await client(headersOf({ errorEventAfterChunks: 2 })).chat({ model, messages, stream }),
          ({ done }) => done,
        ),
    ],
    ['ollama.generate', async (model, headers) => counts(await client(headers).generate({ model, prompt: 'Hi' }))],
    [
      'ollama.embeddings',
      async (model, headers) => (await client(headers).embed({ model, input: 'Hi' })).prompt_eval_count,
    ],
    ['ollama.error', (model) => client(headersOf({ status: 404 })).chat({ model, messages })],
  );
}

/** What OpenAI has beside chats, responses and embeddings. */
function openAiOthers(): void {
  const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${BASE}/v1`, maxRetries: 0 });
  const file = () => toFile(Buffer.alloc(200_000, '\r\n--name="model"'), 'speech.mp3');
  cases.push(
    [
      'openai.completion',
      async (model, headers) => (await client.completions.create({ model, prompt: 'Hi' }, { headers })).usage,
    ],
    [
      'openai.completion-stream',
      async (model, headers) =>
        read(await client.completions.create({ model, prompt: 'Hi', stream }, { headers }), ({ choices }) => choices),
    ],
    [
      'openai.image',
      async (model, headers) => (await client.images.generate({ model, prompt: 'a cat' }, { headers })).usage,
    ],
    [
      'openai.image-edit',
      async (model, headers) =>
        (await client.images.edit({ model, prompt: 'a hat', image: await file() }, { headers })).usage,
    ],
    [
      'openai.transcription',
      async (model, headers) =>
        (await client.audio.transcriptions.create({ model, file: await file() }, { headers })).text,
    ],
    [
      'openai.translation',
      async (model, headers) =>
        (await client.audio.translations.create({ model, file: await file() }, { headers })).text,
    ],
    [
      'openai.speech',
      async (model, headers) => {
        const sound = await client.audio.speech.create({ model, input: 'Hi', voice: 'ash' }, { headers });
        return (await sound.arrayBuffer()).byteLength;
      },
    ],
    [
      'openai.moderation',
      async (model, headers) => (await client.moderations.create({ model, input: 'Hi' }, { headers })).results.length,
    ],
  );
}

async function main(): Promise<void> {
  openAiLike('groq', new Groq({ apiKey: 'mock', baseURL: `${BASE}/groq`, maxRetries: 1 }) as unknown as OpenAI);
  openAiLike('deepseek', new OpenAI({ apiKey: 'mock', baseURL: `${BASE}/deepseek`, maxRetries: 1 }));
  openAiLike('xai', new OpenAI({ apiKey: 'mock', baseURL: `${BASE}/xai/v1`, maxRetries: 1 }));
  openAiLike('azure', new AzureOpenAI({ apiKey: 'mock', endpoint: `${BASE}/azure`, apiVersion: '2025-04-01-preview' }));
  mistral();
  ollama();
  openAiOthers();
  const results: Record<string, unknown> = {};
  for (const [model, run] of cases) {
    try {
      results[model] = await run(model, headersOf({}));
    } catch (error) {
      const { name, message } = error as Error;
      results[model] = { name, class: (error as Error).constructor.name, message: message.replaceAll(/req_\w+/g, '') };
    }
  }
  process.stdout.write(JSON.stringify(results));
}

void main();
