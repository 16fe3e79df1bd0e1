import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { type APIError } from 'openai';
import { Agent, fetch as undiciFetch, request as undiciRequest } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Behaviour, type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { realisticBehaviour } from '../../examples/mock-provider/realistic.ts';

const TLS = {
  key: readFileSync(new URL('../fixtures/tls/key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../fixtures/tls/cert.pem', import.meta.url), 'utf8'),
};
const TOOL_PARAMETERS = { type: 'object' as const, properties: { location: { type: 'string' } } };

let mock: MockProvider;
let behaviour: Partial<Behaviour> = {};

beforeAll(async () => {
  mock = await startMockProvider({ behaviour: () => behaviour });
});
beforeEach(() => {
  behaviour = {};
  mock.reset();
});
afterAll(() => mock.close());

const openai = () => new OpenAI({ apiKey: 'sk-mock', baseURL: `${mock.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: 'sk-mock', baseURL: mock.url, maxRetries: 0 });
const gemini = () => new GoogleGenAI({ apiKey: 'mock', httpOptions: { baseUrl: mock.url } });

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hi' }] };
const MESSAGE = { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };
const CONTENT = { model: 'gemini-2.5-flash', contents: 'Hi' };

async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${mock.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
}

describe('OpenAI', () => {
  it('answers a chat completion that the SDK understands', async () => {
    behaviour = {
      promptTokens: 100,
      cachedTokens: 40,
      completionTokens: 30,
      reasoningTokens: 10,
      chunks: 2,
      deltaText: 'ab',
    };
    const { data, request_id } = await openai().chat.completions.create(CHAT).withResponse();
    expect(data.model).toBe('gpt-4o-mini-2024-07-18');
    expect(data.choices[0]?.message.content).toBe('abab');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.usage).toMatchObject({
      prompt_tokens: 100,
      completion_tokens: 30,
      total_tokens: 130,
      prompt_tokens_details: { cached_tokens: 40 },
      completion_tokens_details: { reasoning_tokens: 10 },
    });
    expect(request_id).toMatch(/^req_/);
    expect(mock.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      httpVersion: '1.1',
      body: CHAT,
    });
    expect(mock.ledger['gpt-4o-mini']).toMatchObject({ requests: 1, completed: 1, inputTokens: 100, outputTokens: 30 });
  });

  it('streams usage only when asked', async () => {
    const silent = await collect(await openai().chat.completions.create({ ...CHAT, stream: true }));
    expect(silent.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(mock.ledger['gpt-4o-mini']).toMatchObject({ outputTokens: 5, reportedOutputTokens: 0 });

    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const chunks = await collect(await openai().chat.completions.create({ ...CHAT, ...options }));
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('word '.repeat(5));
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 5 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(mock.requests[1]).toMatchObject({ chunksSent: 5, closedEarly: false });
  });

  it('serves several choices', async () => {
    const whole = await openai().chat.completions.create({ ...CHAT, n: 3 });
    expect(whole.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    const stream = await openai().chat.completions.create({ ...CHAT, n: 2, stream: true });
    const texts = ['', ''];
    for await (const { choices } of stream) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? '';
    }
    expect(texts).toEqual(['word '.repeat(5), 'word '.repeat(5)]);
  });

  it('calls the first tool after a user message', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: TOOL_PARAMETERS } }];
    const whole = await openai().chat.completions.create({ ...CHAT, tools });
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    const final = await openai()
      .chat.completions.stream({ ...CHAT, tools })
      .finalChatCompletion();
    const call = final.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({ unit: 'celsius' });
  });

  it('answers and streams a response', async () => {
    behaviour = { promptTokens: 50, cachedTokens: 8, reasoningTokens: 2, chunks: 3 };
    const whole = await openai().responses.create({ model: 'gpt-5-mini', input: 'Hi' });
    expect(whole).toMatchObject({
      status: 'completed',
      model: 'gpt-5-mini-2025-08-07',
      output_text: 'word word word ',
    });
    const usage = { input_tokens: 50, output_tokens: 5, total_tokens: 55, input_tokens_details: { cached_tokens: 8 } };
    expect(whole.usage).toMatchObject(usage);
    const events = await collect(await openai().responses.create({ model: 'gpt-5-mini', input: 'Hi', stream: true }));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.filter((event) => event.type === 'response.output_text.delta')).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage } });
    const final = await openai().responses.stream({ model: 'gpt-5-mini', input: 'Hi' }).finalResponse();
    expect(final.output_text).toBe('word word word ');
  });

  it('ends a response as incomplete past max_output_tokens, and calls tools', async () => {
    const short = { model: 'gpt-5', input: 'Hi', max_output_tokens: 2 };
    expect(await openai().responses.create(short)).toMatchObject({ status: 'incomplete' });
    const events = await collect(await openai().responses.create({ ...short, stream: true }));
    expect(events.at(-1)?.type).toBe('response.incomplete');
    const tools = [{ type: 'function' as const, name: 'weather', parameters: TOOL_PARAMETERS, strict: false }];
    const final = await openai().responses.stream({ model: 'gpt-5', input: 'Hi', tools }).finalResponse();
    expect(final.output).toMatchObject([
      { type: 'function_call', name: 'weather', arguments: '{"location":"Paris, France"}' },
    ]);
  });

  it('embeds as floats and as base64', async () => {
    const embed = (encoding_format: 'float' | 'base64') =>
      openai().embeddings.create({
        model: 'text-embedding-3-small',
        input: ['a', 'b'],
        encoding_format,
        dimensions: 8,
      });
    const floats = await embed('float');
    expect(floats.data.map((item) => item.embedding.length)).toEqual([8, 8]);
    expect(floats.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
    expect(typeof (await embed('base64')).data[0]?.embedding).toBe('string');
    // Without a format the SDK asks for base64 and decodes it.
    const decoded = await openai().embeddings.create({ model: 'text-embedding-3-small', input: 'a' });
    expect(decoded.data[0]?.embedding).toHaveLength(16);
  });

  it('lists models', async () => {
    expect((await openai().models.list()).data.map((model) => model.id)).toContain('gpt-4o-mini');
  });

  it('fails as the real service does', async () => {
    behaviour = { status: 429, retryAfterSeconds: 3 };
    const error = await openai()
      .chat.completions.create(CHAT)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' });
    expect((error as APIError).headers?.get('retry-after')).toBe('3');
    behaviour = { errorEventAfterChunks: 2 };
    const chat = await openai().chat.completions.create({ ...CHAT, stream: true });
    await expect(collect(chat)).rejects.toMatchObject({ type: 'server_error' });
    const response = await openai().responses.create({ model: 'gpt-5', input: 'Hi', stream: true });
    await expect(collect(response)).rejects.toMatchObject({ code: 'server_error' });
    expect(mock.ledger['gpt-4o-mini']?.errors).toEqual({ 429: 1, stream: 1 });
  });
});

describe('Anthropic', () => {
  it('answers a message and leaves cached tokens out of input_tokens', async () => {
    behaviour = { promptTokens: 100, cachedTokens: 60, cacheWriteTokens: 30, completionTokens: 20 };
    const whole = await anthropic().messages.create(MESSAGE);
    expect(whole).toMatchObject({ model: 'claude-haiku-4-5-20251001', stop_reason: 'end_turn', type: 'message' });
    const counts = {
      input_tokens: 10,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 30,
      output_tokens: 20,
    };
    expect(whole.usage).toMatchObject(counts);
    const final = await anthropic().messages.stream(MESSAGE).finalMessage();
    expect(final.usage).toMatchObject(counts);
    expect(final.content).toMatchObject([{ type: 'text', text: 'word '.repeat(5) }]);
    expect(mock.ledger['claude-haiku-4-5']).toMatchObject({
      completed: 2,
      reportedInputTokens: 200,
      reportedOutputTokens: 40,
    });
  });

  it('streams its events in order', async () => {
    behaviour = { chunks: 1 };
    const text = await (await post('/v1/messages', { ...MESSAGE, stream: true })).text();
    expect([...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('thinks, and calls tools', async () => {
    behaviour = { reasoningTokens: 3 };
    const tools = [{ name: 'weather', input_schema: TOOL_PARAMETERS }];
    const final = await anthropic()
      .messages.stream({ ...MESSAGE, tools })
      .finalMessage();
    expect(final.content.map((block) => block.type)).toEqual(['thinking', 'tool_use']);
    expect(final.content[1]).toMatchObject({ name: 'weather', input: { location: 'Paris, France' } });
    expect(final.stop_reason).toBe('tool_use');
  });

  it('counts tokens', async () => {
    const counted = await anthropic().messages.countTokens({ model: MESSAGE.model, messages: MESSAGE.messages });
    expect(counted.input_tokens).toBe(12);
  });

  it('fails as the real service does', async () => {
    behaviour = { status: 529 };
    const failure = { status: 529, error: { type: 'error', error: { type: 'overloaded_error' } } };
    const error = await anthropic()
      .messages.create(MESSAGE)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(failure);
    expect((error as { requestID: string }).requestID).toMatch(/^req_/);
    behaviour = { errorEventAfterChunks: 1 };
    const stream = await anthropic().messages.create({ ...MESSAGE, stream: true });
    await expect(collect(stream)).rejects.toMatchObject({ type: 'overloaded_error' });
  });
});

describe('Gemini', () => {
  it('answers and streams content', async () => {
    behaviour = { promptTokens: 40, cachedTokens: 10, completionTokens: 25, reasoningTokens: 5, chunks: 4 };
    const usage = {
      promptTokenCount: 40,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      cachedContentTokenCount: 10,
      totalTokenCount: 65,
    };
    const whole = await gemini().models.generateContent(CONTENT);
    expect(whole.text).toBe('word '.repeat(4));
    expect(whole.usageMetadata).toMatchObject(usage);
    expect(whole.modelVersion).toBe('gemini-2.5-flash');
    const chunks = await collect(await gemini().models.generateContentStream(CONTENT));
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe('word '.repeat(4));
    expect(chunks.at(-1)).toMatchObject({ usageMetadata: usage, candidates: [{ finishReason: 'STOP' }] });
    expect(chunks.at(0)?.candidates?.[0]?.finishReason).toBeUndefined();
    expect(mock.ledger['gemini-2.5-flash']).toMatchObject({ completed: 2, inputTokens: 80, outputTokens: 50 });
  });

  it('ends event lines in CRLF, or streams a JSON array', async () => {
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent';
    const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
    expect(await (await post(`${path}?alt=sse`, body)).text()).toMatch(/\}\r\n\r\n$/);
    const items = (await (await post(path, body)).json()) as object[];
    expect(items).toHaveLength(6);
    expect(items.at(-1)).toMatchObject({ candidates: [{ finishReason: 'STOP' }] });
  });

  it('calls functions', async () => {
    const config = { tools: [{ functionDeclarations: [{ name: 'weather' }] }] };
    const whole = await gemini().models.generateContent({ ...CONTENT, config });
    expect(whole.functionCalls).toMatchObject([{ name: 'weather' }]);
  });

  it('embeds and counts tokens', async () => {
    const embedded = await gemini().models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'] });
    expect(embedded.embeddings).toHaveLength(2);
    expect((await post('/v1beta/models/gemini-embedding-001:embedContent', { content: {} })).status).toBe(200);
    expect(await gemini().models.countTokens(CONTENT)).toMatchObject({ totalTokens: 12 });
  });

  it('fails as the real service does', async () => {
    behaviour = { status: 429 };
    await expect(gemini().models.generateContent(CONTENT)).rejects.toMatchObject({ status: 429 });
    const refused = await post('/v1beta/models/gemini-2.5-flash:generateContent', { contents: [] });
    expect(await refused.json()).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED' } });
    behaviour = { errorEventAfterChunks: 1 };
    const stream = await gemini().models.generateContentStream(CONTENT);
    await expect(collect(stream)).rejects.toMatchObject({ status: 503 });
  });
});

describe('bytes', () => {
  const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync, zstd: zstdDecompressSync };

  it.each(Object.keys(DECODERS) as (keyof typeof DECODERS)[])(
    'encodes in %s when the client accepts it',
    async (encoding) => {
      behaviour = { encoding, chunkDelayMs: 20, chunks: 3 };
      const path = `${mock.url}/v1/chat/completions`;
      const ask = async (accepted: string) => {
        const body = JSON.stringify({ ...CHAT, stream: true });
        const reply = await undiciRequest(path, { method: 'POST', body, headers: { 'accept-encoding': accepted } });
        return { reply, pieces: (await collect(reply.body)) as Buffer[] };
      };
      const { reply, pieces } = await ask(`identity, ${encoding}`);
      expect(reply.headers['content-encoding']).toBe(encoding);
      // Flushed per event: had the encoder kept them back, all would come at once.
      expect(pieces.length).toBeGreaterThanOrEqual(3);
      expect(String(DECODERS[encoding](Buffer.concat(pieces)))).toMatch(/data: \[DONE\]\n\n$/);
      const plain = await ask('identity');
      expect(plain.reply.headers['content-encoding']).toBeUndefined();
      expect(String(Buffer.concat(plain.pieces))).toMatch(/^data: \{/);
    },
  );

  it.each(['gzip', 'br', 'deflate'] as const)('is read by the SDKs in %s', async (encoding) => {
    behaviour = { encoding, splitBytes: 7 };
    expect((await openai().chat.completions.create(CHAT)).usage?.total_tokens).toBe(17);
    const chunks = await collect(await openai().chat.completions.create({ ...CHAT, stream: true }));
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect((await anthropic().messages.stream(MESSAGE).finalMessage()).usage.output_tokens).toBe(5);
    expect((await collect(await gemini().models.generateContentStream(CONTENT))).length).toBe(6);
  });

  it('cuts, joins and spaces as asked without changing what is said', async () => {
    const variants: Partial<Behaviour>[] = [
      { splitBytes: 1, deltaText: 'é€😀', chunks: 2 },
      { crlf: true, deltaText: 'é€😀', chunks: 2 },
      { coalesce: 3, deltaText: 'é€😀', chunks: 2 },
      { spacedJson: true, obfuscation: true, deltaText: 'é€😀', chunks: 2 },
    ];
    for (const variant of variants) {
      behaviour = variant;
      const chunks = await collect(await openai().chat.completions.create({ ...CHAT, stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('é€😀é€😀');
      expect(await anthropic().messages.stream(MESSAGE).finalText()).toBe('é€😀é€😀');
    }
    const text = await (await post('/v1/chat/completions', { ...CHAT, stream: true })).text();
    expect(text).toMatch(/"id": "chatcmpl-\w+", "object": /);
    expect(text).toMatch(/"obfuscation": "\w*"\}\n\n/);
  });

  it('serves a raw body and spoilt usage', async () => {
    behaviour = { rawBody: '<html>', contentType: 'text/html' };
    const raw = await post('/v1/chat/completions', CHAT);
    expect([raw.headers.get('content-type'), await raw.text()]).toEqual(['text/html', '<html>']);
    const usageOf = async (usage: Behaviour['usage']) => {
      behaviour = { usage };
      return (await post('/v1/chat/completions', CHAT)).text();
    };
    expect(await usageOf('absent')).not.toContain('usage');
    expect(await usageOf('null')).toContain('"usage":null');
    expect(await usageOf('nan')).toContain('"prompt_tokens":NaN');
    expect(await usageOf('negative')).toContain('"prompt_tokens":-12');
    expect(await usageOf('string')).toContain('"prompt_tokens":"12"');
    expect(mock.ledger['gpt-4o-mini']).toMatchObject({ completed: 6, inputTokens: 60, reportedInputTokens: 0 });
  });

  it('lets the header win over the option', async () => {
    behaviour = { status: 500 };
    const reply = await post('/v1/chat/completions', CHAT, { 'x-mock-behaviour': '{"status":200,"promptTokens":99}' });
    expect(await reply.json()).toMatchObject({ usage: { prompt_tokens: 99 } });
    const wrong = await post('/v1/chat/completions', CHAT, { 'x-mock-behaviour': '{"stauts":200}' });
    expect(wrong.status).toBe(400);
  });
});

describe('faults', () => {
  it('drops the connection in the middle', async () => {
    behaviour = { dropAfterChunks: 2 };
    const received: unknown[] = [];
    const stream = await openai().chat.completions.create({ ...CHAT, stream: true });
    const reading = (async () => {
      for await (const chunk of stream) received.push(chunk);
    })();
    await expect(reading).rejects.toThrow();
    expect(received).toHaveLength(3);
    await expect(anthropic().messages.create(MESSAGE)).rejects.toThrow();
    expect(mock.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, completed: 0, abandoned: 0 });
    expect(mock.requests[0]).toMatchObject({ chunksSent: 2, closedEarly: false });
  });

  it('remembers the usage that a stream had told before it was cut off', async () => {
    behaviour = { dropAfterChunks: 2, chunks: 3, promptTokens: 100, cachedTokens: 40, completionTokens: 80 };
    await expect(
      openai()
        .chat.completions.create({ ...CHAT, stream: true })
        .then(collect),
    ).rejects.toThrow();
    await expect(
      anthropic()
        .messages.create({ ...MESSAGE, stream: true })
        .then(collect),
    ).rejects.toThrow();
    const told: unknown[] = [];
    const stream = await gemini().models.generateContentStream(CONTENT);
    const reading = (async () => {
      for await (const { usageMetadata } of stream) told.push(usageMetadata?.candidatesTokenCount);
    })();
    await expect(reading).rejects.toThrow();
    expect(told).toEqual([20, 40]);
    const completedNothing = { dropped: 1, inputTokens: 0, outputTokens: 0 };
    expect(mock.ledger['gpt-4o-mini']).toMatchObject({ ...completedNothing, reportedInputTokens: 0 });
    const anthropicLedger = mock.ledger['claude-haiku-4-5'];
    expect(anthropicLedger).toMatchObject({ ...completedNothing, reportedInputTokens: 100, reportedOutputTokens: 0 });
    const geminiLedger = mock.ledger['gemini-2.5-flash'];
    expect(geminiLedger).toMatchObject({ ...completedNothing, reportedInputTokens: 100, reportedOutputTokens: 40 });
  });

  it('truncates while the body still ends properly', async () => {
    behaviour = { truncate: true, chunks: 4 };
    const text = await (await post('/v1/chat/completions', { ...CHAT, stream: true })).text();
    expect(text.match(/"content":"word "/g)).toHaveLength(2);
    expect(text).not.toContain('[DONE]');
    const half = await (await post('/v1/chat/completions', CHAT)).text();
    expect(() => JSON.parse(half)).toThrow(SyntaxError);
    expect(mock.ledger['gpt-4o-mini']?.dropped).toBe(2);
  });

  it('hangs before the headers and in the body until the client leaves', async () => {
    for (const hang of ['headers', 'body'] as const) {
      behaviour = { hang };
      const signal = AbortSignal.timeout(150);
      const asked = openai().chat.completions.create({ ...CHAT, stream: true }, { signal });
      await asked.then(collect).catch(() => undefined);
    }
    await expect.poll(() => mock.ledger['gpt-4o-mini']?.abandoned).toBe(2);
    expect(mock.requests.map((request) => [request.closedEarly, request.chunksSent])).toEqual([
      [true, 0],
      [true, 1],
    ]);
  });

  it('survives a client that stops reading', async () => {
    behaviour = { chunks: 200, chunkDelayMs: 5 };
    const stream = await anthropic().messages.create({ ...MESSAGE, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    await expect.poll(() => mock.requests[0]?.closedEarly).toBe(true);
    expect(mock.requests[0]?.chunksSent).toBeLessThan(200);
    behaviour = {};
    expect((await anthropic().messages.create(MESSAGE)).usage.output_tokens).toBe(5);
  });

  it('answers nonsense with the provider’s own 400 and stays up', async () => {
    for (const path of [
      '/v1/chat/completions',
      '/v1/messages',
      '/v1beta/models/x:generateContent',
      '/v1/responses',
      '/v1/embeddings',
    ]) {
      for (const body of ['', '{', '[]', 'null', '{"model":5}', '{"model":"m"}', '\u0000']) {
        const reply = await fetch(`${mock.url}${path}`, { method: 'POST', body });
        expect(reply.status).toBe(400);
        expect(await reply.json()).toHaveProperty('error.message');
      }
    }
    expect((await fetch(`${mock.url}/v1/messages`)).status).toBe(405);
    expect((await fetch(`${mock.url}//nowhere?%`)).status).toBe(404);
    const socket = connectTcp(mock.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end('POST /v1/messages HTTP/1.1\r\ncontent-length: 9\r\nhost: x\r\n\r\n{');
    await once(socket.resume(), 'close');
    expect((await fetch(`${mock.url}/v1/models`)).status).toBe(200);
  });
});

describe('HTTP/2', () => {
  let secure: MockProvider;
  let agent: Agent;
  beforeAll(async () => {
    secure = await startMockProvider({ tls: TLS, behaviour: () => behaviour });
  });
  beforeEach(() => {
    secure.reset();
    agent = new Agent({ allowH2: true, connect: { ca: TLS.cert } });
  });
  afterAll(() => secure.close());

  const ask = (init: { dispatcher?: Agent } = {}) =>
    undiciFetch(`${secure.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...CHAT, stream: true }),
      dispatcher: agent,
      ...init,
    });

  it('streams to undici and to the SDK, and falls back to HTTP/1.1', async () => {
    expect(await (await ask()).text()).toContain('[DONE]');
    const fetchHttp2 = ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch;
    const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${secure.url}/v1`, fetch: fetchHttp2 });
    behaviour = { encoding: 'gzip' };
    expect(await collect(await client.chat.completions.create({ ...CHAT, stream: true }))).toHaveLength(7);
    const old = new Agent({ allowH2: false, connect: { ca: TLS.cert } });
    expect(await (await ask({ dispatcher: old })).text()).toContain('[DONE]');
    expect(secure.requests.map((request) => request.httpVersion)).toEqual(['2.0', '2.0', '1.1']);
    expect(secure.requests.every((request) => !request.closedEarly)).toBe(true);
    await old.close();
    await agent.close();
  });

  it('loses the whole session when it drops', async () => {
    behaviour = { dropAfterChunks: 1 };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, abandoned: 0 });
    behaviour = {};
    expect((await ask()).status).toBe(200);
    await agent.destroy();
  });

  it('sends RST_STREAM and GOAWAY', async () => {
    const session = http2.connect(secure.url, { ca: TLS.cert });
    session.on('error', () => undefined);
    const goaway: number[] = [];
    session.on('goaway', (code: number) => goaway.push(code));
    const stream = async (faults: Partial<Behaviour>) => {
      behaviour = faults;
      const request = session.request({ ':method': 'POST', ':path': '/v1/chat/completions' });
      request.end(JSON.stringify({ ...CHAT, stream: true }));
      request.on('error', () => undefined);
      let text = '';
      request.on('data', (piece: Buffer) => {
        text += piece;
      });
      await new Promise((resolve) => request.once('close', resolve));
      return { text, rstCode: request.rstCode };
    };
    const reset = await stream({ resetAfterChunks: 2 });
    expect(reset.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
    expect(reset.text.match(/"content":"word "/g)).toHaveLength(2);
    const drained = await stream({ goawayAfterChunks: 2, chunkDelayMs: 20 });
    expect(drained.text).toContain('[DONE]');
    expect(goaway[0]).toBe(0);
    await expect.poll(() => session.destroyed).toBe(true);
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, completed: 1, abandoned: 0 });
  });

  it('resets a stream as an error, or as what looks like a normal end', async () => {
    behaviour = { resetAfterChunks: 2 };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    behaviour = { resetAfterChunks: 2, resetCode: http2.constants.NGHTTP2_CANCEL };
    const text = await (await ask()).text();
    expect(text.match(/"content":"word "/g)).toHaveLength(2);
    expect(text).not.toContain('[DONE]');
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 2, abandoned: 0 });
    await agent.destroy();
  });

  it('kills the session after a GOAWAY with an error code', async () => {
    behaviour = { goawayAfterChunks: 1, goawayCode: http2.constants.NGHTTP2_ENHANCE_YOUR_CALM };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, abandoned: 0 });
    await agent.destroy();
  });

  it('notices clients that leave', async () => {
    behaviour = { chunkDelayMs: 10, chunks: 500 };
    const reader = (await ask()).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await expect.poll(() => secure.requests[0]?.closedEarly).toBe(true);
    await agent.destroy();
  });
});

describe('server', () => {
  it('repeats itself for the same seed', async () => {
    const ids: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const provider = await startMockProvider({ seed: 7 });
      const reply = await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(CHAT) });
      ids.push(((await reply.json()) as { id: string }).id);
      await provider.close();
      await provider.close();
    }
    expect(ids[0]).toBe(ids[1]);
  });

  it('has realistic days', () => {
    const decide = realisticBehaviour(3);
    const again = realisticBehaviour(3);
    const received = { path: '/v1/chat/completions', body: { ...CHAT, stream: true } } as never;
    const answers = Array.from({ length: 5000 }, () => decide(received));
    expect(answers.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => again(received)));
    const share = (test: (answer: Partial<Behaviour>) => boolean) => answers.filter(test).length / answers.length;
    expect(share((answer) => answer.status === 429)).toBeCloseTo(0.03, 1.9);
    expect(share((answer) => answer.status === 500)).toBeCloseTo(0.01, 1.9);
    expect(share((answer) => answer.dropAfterChunks !== undefined)).toBeCloseTo(0.01, 1.9);
    const served = answers.filter((answer) => answer.promptTokens !== undefined);
    const sum = (key: 'cachedTokens' | 'promptTokens') =>
      served.reduce((total, answer) => total + (answer[key] ?? 0), 0);
    expect(sum('cachedTokens') / sum('promptTokens')).toBeCloseTo(0.2, 1);
  });

  it('runs from the command line', async () => {
    const entry = new URL('../../examples/mock-provider/index.ts', import.meta.url);
    const child = spawn(process.execPath, [entry.pathname, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\S+/.exec(String(line))?.[0];
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    await delay(10);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
