/* Calls every SDK in every way, each call under a model name of its own; what the application sees goes to stdout. */
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI7 from 'openai';
import OpenAI5 from 'openai-5';
import OpenAI6 from 'openai-6';

const BASE = process.env.BASE_URL ?? '';
const SPLITS = [0, 1, 3, 7];
const ENCODINGS = ['gzip', 'br', 'deflate', 'zstd'];

const cases: [model: string, run: (model: string, headers: Record<string, string>) => Promise<unknown>][] = [];
let tokens = 10;

/** What varies on the wire; every case is billed differently. */
function headersOf(behaviour: object): Record<string, string> {
  tokens += 3;
  const counts = { promptTokens: tokens, completionTokens: tokens - 5, cachedTokens: 2, reasoningTokens: 1 };
  return { 'x-mock-behaviour': JSON.stringify({ chunks: 4, ...counts, ...behaviour }) };
}

async function textOf<T>(stream: AsyncIterable<T>, read: (item: T) => string | null | undefined): Promise<string> {
  let text = '';
  for await (const item of stream) text += read(item) ?? '';
  return text;
}

const SLOW = { chunks: 500, chunkDelayMs: 20 };
const messages = [{ role: 'user' as const, content: 'Hi' }];
const stream = true as const;
const stream_options = { include_usage: true };

function openAi(name: string, OpenAI: typeof OpenAI7): void {
  const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${BASE}/v1`, maxRetries: 1 });
  const { completions } = client.chat;
  const add = (label: string, run: (model: string, headers: Record<string, string>) => Promise<unknown>): void => {
    cases.push([`${name}.${label}`, run]);
  };
  add('chat', async (model, headers) => {
    const { choices, usage } = await completions.create({ model, messages }, { headers });
    return [choices[0]?.message.content, usage];
  });
  add(
    'n2',
    async (model, headers) => (await completions.create({ model, messages, n: 2 }, { headers })).choices.length,
  );
  add('tool', async (model, headers) => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }];
    return (await completions.create({ model, messages, tools }, { headers })).choices[0]?.finish_reason;
  });
  add('as-response', async (model, headers) => {
    const response = await completions.create({ model, messages }, { headers }).asResponse();
    return [response.constructor.name, response.status, ((await response.json()) as { object: string }).object];
  });
  add('with-response', async (model, headers) => {
    const { data, response } = await completions.create({ model, messages }, { headers }).withResponse();
    return [data.object, response.status];
  });
  add('parse', async (model, headers) => {
    return (await completions.parse({ model, messages }, { headers })).choices[0]?.message.content;
  });
  add('stream', async (model, headers) =>
    textOf(await completions.create({ model, messages, stream, stream_options }, { headers }), (chunk) =>
      chunk.usage ? JSON.stringify(chunk.usage) : chunk.choices[0]?.delta.content,
    ),
  );
  add('stream-n2', async (model, headers) =>
    textOf(await completions.create({ model, messages, stream, stream_options, n: 2 }, { headers }), (chunk) =>
      String(chunk.choices[0]?.index),
    ),
  );
  add('stream-without-usage', async (model, headers) =>
    textOf(
      await completions.create({ model, messages, stream }, { headers }),
      (chunk) => chunk.choices[0]?.delta.content,
    ),
  );
  add('stream-helper', async (model, headers) => {
    const helper = completions.stream({ model, messages, stream_options }, { headers });
    return [await helper.finalContent(), await helper.totalUsage()];
  });
  add('stream-break', async (model) => {
    const headers = headersOf(SLOW);
    for await (const chunk of await completions.create({ model, messages, stream }, { headers })) return chunk.object;
    return 'no chunk';
  });
  add('stream-abort', async (model) => {
    const headers = headersOf(SLOW);
    const chunks = await completions.create({ model, messages, stream }, { headers });
    // How many of the chunks had already come with the first one is a matter of the network.
    for await (const _ of chunks) chunks.controller.abort();
    return 'ended';
  });
  add('responses', async (model, headers) => {
    const { output_text, usage } = await client.responses.create({ model, input: 'Hi' }, { headers });
    return [output_text, usage];
  });
  add('responses-stream', async (model, headers) =>
    textOf(await client.responses.create({ model, input: 'Hi', stream }, { headers }), (event) => event.type),
  );
  add('embeddings', async (model, headers) => {
    const { data, usage } = await client.embeddings.create({ model, input: 'Hi' }, { headers });
    return [data.length, usage];
  });
  add('error', (model) => completions.create({ model, messages }, { headers: headersOf({ status: 401 }) }));
}

function anthropic(): void {
  const client = new Anthropic({ apiKey: 'sk-mock', baseURL: BASE, maxRetries: 0 });
  const message = { max_tokens: 100, messages };
  cases.push(
    [
      'claude.message',
      async (model, headers) => (await client.messages.create({ model, ...message }, { headers })).usage,
    ],
    [
      'claude.stream',
      async (model, headers) =>
        textOf(await client.messages.create({ model, ...message, stream }, { headers }), (event) => event.type),
    ],
    [
      'claude.stream-helper',
      async (model, headers) => {
        const helper = client.messages.stream({ model, ...message }, { headers });
        return [await helper.finalText(), (await helper.finalMessage()).usage];
      },
    ],
    [
      'claude.cached',
      async (model) => {
        const headers = headersOf({ promptTokens: 100, cachedTokens: 40, cacheWriteTokens: 20 });
        return textOf(await client.messages.create({ model, ...message, stream }, { headers }), (event) => event.type);
      },
    ],
    ['claude.error', (model) => client.messages.create({ model, ...message }, { headers: headersOf({ status: 429 }) })],
  );
}

function gemini(): void {
  const client = new GoogleGenAI({ apiKey: 'mock', httpOptions: { baseUrl: BASE } });
  const ask = (model: string, headers: Record<string, string>) => ({
    model,
    contents: 'Hi',
    config: { httpOptions: { headers } },
  });
  cases.push(
    ['gemini.content', async (model, headers) => (await client.models.generateContent(ask(model, headers))).text],
    [
      'gemini.stream',
      async (model, headers) =>
        textOf(await client.models.generateContentStream(ask(model, headers)), (chunk) => chunk.text),
    ],
    ['gemini.error', (model) => client.models.generateContent(ask(model, headersOf({ status: 503 })))],
  );
}

/** The same stream in every form that bytes can take on their way. */
function forms(): void {
  const client = new OpenAI7({ apiKey: 'sk-mock', baseURL: `${BASE}/v1`, maxRetries: 0 });
  const claude = new Anthropic({ apiKey: 'sk-mock', baseURL: BASE, maxRetries: 0 });
  const forms: [string, object][] = [
    ...SPLITS.map((splitBytes): [string, object] => [`split-${splitBytes}`, { splitBytes }]),
    ...ENCODINGS.map((encoding): [string, object] => [`encoded-${encoding}`, { encoding }]),
    ['crlf', { crlf: true, splitBytes: 5 }],
    ['spaced', { spacedJson: true }],
    ['coalesced', { coalesce: 3 }],
    ['obfuscated', { obfuscation: true, chunks: 30 }],
    ['everything', { obfuscation: true, crlf: true, spacedJson: true, coalesce: 2, splitBytes: 11, encoding: 'gzip' }],
  ];
  for (const [form, behaviour] of forms) {
    cases.push(
      [
        `chat.${form}`,
        async (model) => {
          const headers = { ...headersOf(behaviour), 'accept-encoding': 'gzip, deflate, br, zstd' };
          const chunks = await client.chat.completions.create({ model, messages, stream, stream_options }, { headers });
          return textOf(chunks, (chunk) => chunk.choices[0]?.delta.content);
        },
      ],
      [
        `message.${form}`,
        async (model) => {
          const headers = headersOf(behaviour);
          const events = await claude.messages.create({ model, max_tokens: 9, messages, stream }, { headers });
          return textOf(events, (event) => event.type);
        },
      ],
    );
  }
}

async function main(): Promise<void> {
  openAi('openai-7', OpenAI7);
  openAi('openai-6', OpenAI6 as unknown as typeof OpenAI7);
  openAi('openai-5', OpenAI5 as unknown as typeof OpenAI7);
  anthropic();
  gemini();
  forms();
  const results: Record<string, unknown> = {};
  for (const [model, run] of cases) {
    try {
      results[model] = await run(model, headersOf({}));
    } catch (error) {
      const { name, message, status } = error as Error & { status?: number };
      results[model] = {
        name,
        message: message.replaceAll(/req_\w+/g, ''),
        class: (error as Error).constructor.name,
        status,
      };
    }
  }
  process.stdout.write(JSON.stringify(results));
}

void main();
