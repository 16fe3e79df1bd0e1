import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { type ContentRedactor, useContent } from '../../../src/recorders/content.ts';
import { useGenAiProfiles } from '../../../src/recorders/profiles.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';
import { frame } from '../bedrock-server.ts';
import { type PublishedExchange, tell } from './channels.ts';

const INPUT = 'gen_ai.input.messages';
const OUTPUT = 'gen_ai.output.messages';
const SYSTEM = 'gen_ai.system_instructions';

const text = (content: string) => ({ type: 'text', content });
const said = (role: string, ...parts: object[]) => ({ role, parts });
const answered = (reason: string, ...parts: object[]) => ({ role: 'assistant', parts, finish_reason: reason });
const CALL = { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Ulm' } };
const json = (body: object) => ({
  headers: { 'content-type': 'application/json' },
  received: [Buffer.from(JSON.stringify(body))],
});
const events = (...documents: object[]) => ({
  headers: { 'content-type': 'text/event-stream' },
  received: documents.map((document) => Buffer.from(`data: ${JSON.stringify(document)}\n\n`)),
});
const lines = (...documents: object[]) => ({
  headers: { 'content-type': 'application/x-ndjson' },
  received: documents.map((document) => Buffer.from(`${JSON.stringify(document)}\n`)),
});
const frames = (...documents: [event: string, payload: object][]) => ({
  headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  received: documents.map(([event, payload]) => Buffer.from(frame('event', event, payload))),
});

const spans = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }));
});
beforeEach(() => useContent({ maxBytes: 10_000, redact: undefined }));
afterEach(() => {
  useContent(undefined);
  useGenAiProfiles(['v1.41']);
  spans.reset();
});
afterAll(() => trace.disable());

/** The content on the one span of an exchange, and what was dropped. */
async function capture(path: string, body: object | string, answer: Partial<PublishedExchange>) {
  const sent = [Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))];
  const { dropped } = await tell({ path, sent, status: 200, ...answer });
  expect(spans.getFinishedSpans()).toHaveLength(1);
  const attributes = spans.getFinishedSpans()[0]?.attributes ?? {};
  const read = (name: string): unknown =>
    attributes[name] === undefined ? undefined : JSON.parse(String(attributes[name]));
  return { system: read(SYSTEM), input: read(INPUT), output: read(OUTPUT), dropped, attributes };
}

const TOOL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } };
const HISTORY = [
  { role: 'system', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'https://user:CANARY@images.example/a.png?signature=CANARY' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,CANARY' } },
    ],
  },
  { role: 'assistant', content: null, tool_calls: [TOOL] },
  { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
];
const HISTORY_TOLD = [
  said('system', text('Be brief.')),
  said(
    'user',
    text('What is this?'),
    { type: 'uri', modality: 'image', uri: 'https://images.example/a.png' },
    { type: 'blob', modality: 'image' },
  ),
  said('assistant', CALL),
  said('tool', { type: 'tool_call_response', id: 'call_1', response: 'Rain' }),
];

/** Each API, asked and answered whole and as a stream. */
const APIS: Readonly<
  Record<string, readonly [path: string, body: object, answer: Partial<PublishedExchange>, told: object]>
> = {
  'OpenAI chat': [
    '/v1/chat/completions',
    { messages: HISTORY },
    json({ choices: [{ index: 0, message: { content: 'A dog', tool_calls: [TOOL] }, finish_reason: 'stop' }] }),
    { input: HISTORY_TOLD, output: [answered('stop', text('A dog'), CALL)] },
  ],
  'OpenAI chat stream': [
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: 'Hi' }], stream: true },
    events(
      { choices: [{ index: 0, delta: { role: 'assistant', reasoning_content: 'Hm' } }] },
      {
        choices: [
          { index: 0, delta: { content: 'Hel' } },
          { index: 1, delta: { content: 'Good' } },
        ],
      },
      {
        choices: [
          { index: 0, delta: { content: 'lo' } },
          { index: 1, delta: { content: ' day' } },
        ],
      },
      {
        choices: [
          {
            index: 0,
            delta: { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'weather', arguments: '' } }] },
          },
        ],
      },
      { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] } }] },
      {
        choices: [
          {
            index: 0,
            delta: { tool_calls: [{ index: 0, function: { arguments: '"Ulm"}' } }] },
            finish_reason: 'tool_calls',
          },
        ],
      },
      { choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] },
    ),
    {
      input: [said('user', text('Hi'))],
      output: [
        answered('tool_calls', { type: 'reasoning', content: 'Hm' }, text('Hello'), CALL),
        answered('stop', text('Good day')),
      ],
    },
  ],
  'OpenAI responses': [
    '/v1/responses',
    {
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'Rain' },
      ],
    },
    json({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
    }),
    {
      system: [text('Be brief.')],
      input: [said('user', text('Hi')), said('assistant', CALL), HISTORY_TOLD[3]],
      output: [answered('completed', text('Hello'))],
    },
  ],
  'OpenAI responses stream': [
    '/v1/responses',
    { input: 'Hi', stream: true },
    events(
      { type: 'response.output_text.delta', delta: 'Hel' },
      { type: 'response.output_text.delta', delta: 'lo' },
      {
        type: 'response.output_item.done',
        item: { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] },
      },
      {
        type: 'response.output_item.done',
        item: { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' },
      },
      { type: 'response.completed', response: { status: 'completed', output: [] } },
    ),
    { input: [said('user', text('Hi'))], output: [answered('completed', text('Hello'), CALL)] },
  ],
  'OpenAI completions': [
    '/v1/completions',
    { prompt: ['Once', 'Twice'] },
    json({ choices: [{ index: 0, text: ' upon', finish_reason: 'length' }] }),
    { input: [said('user', text('Once')), said('user', text('Twice'))], output: [answered('length', text(' upon'))] },
  ],
  'Anthropic messages': [
    '/v1/messages',
    {
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Ulm' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'Rain' }] },
      ],
    },
    json({
      type: 'message',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm' },
        { type: 'text', text: 'Hello' },
        { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Ulm' } },
      ],
    }),
    {
      system: [text('Be brief.')],
      input: [said('user', text('Hi')), said('assistant', CALL), { ...HISTORY_TOLD[3], role: 'user' }],
      output: [answered('tool_use', { type: 'reasoning', content: 'Hm' }, text('Hello'), CALL)],
    },
  ],
  'Anthropic stream': [
    '/v1/messages',
    { messages: [{ role: 'user', content: 'Hi' }], stream: true },
    events(
      { type: 'message_start', message: { content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 'call_1', name: 'weather', input: {} },
      },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"Ulm"}' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ),
    { input: [said('user', text('Hi'))], output: [answered('tool_use', text('Hello'), CALL)] },
  ],
  Gemini: [
    '/v1beta/models/m-1:generateContent',
    {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }, { inlineData: { mimeType: 'image/png', data: 'CANARY' } }] },
        { role: 'model', parts: [{ functionCall: { id: 'call_1', name: 'weather', args: { city: 'Ulm' } } }] },
        { role: 'user', parts: [{ functionResponse: { id: 'call_1', response: { sky: 'grey' } } }] },
      ],
    },
    json({
      candidates: [{ content: { parts: [{ text: 'Hm', thought: true }, { text: 'Hello' }] }, finishReason: 'STOP' }],
    }),
    {
      system: [text('Be brief.')],
      input: [
        said('user', text('Hi'), { type: 'blob', modality: 'image', mime_type: 'image/png' }),
        said('assistant', CALL),
        said('user', { type: 'tool_call_response', id: 'call_1', response: { sky: 'grey' } }),
      ],
      output: [answered('STOP', { type: 'reasoning', content: 'Hm' }, text('Hello'))],
    },
  ],
  'Gemini stream in one array': [
    '/v1beta/models/m-1:streamGenerateContent',
    { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
    {
      headers: { 'content-type': 'application/json' },
      received: [
        Buffer.from('[{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]},\n'),
        Buffer.from('{"candidates":[{"content":{"parts":[{"text":"lo"}]},"finishReason":"STOP"}]}]'),
      ],
    },
    { input: [said('user', text('Hi'))], output: [answered('STOP', text('Hello'))] },
  ],
  'Ollama chat': [
    '/api/chat',
    { messages: [{ role: 'user', content: 'Hi' }] },
    lines({ message: { content: 'Hel' } }, { message: { content: 'lo' } }, { done: true, done_reason: 'stop' }),
    { input: [said('user', text('Hi'))], output: [answered('stop', text('Hello'))] },
  ],
  'Ollama generate': [
    '/api/generate',
    { prompt: 'Hi', system: 'Be brief.', stream: false },
    json({ response: 'Hello', done: true, done_reason: 'stop' }),
    { system: [text('Be brief.')], input: [said('user', text('Hi'))], output: [answered('stop', text('Hello'))] },
  ],
  'Bedrock Converse': [
    '/model/us.acme.m-1%3A0/converse',
    {
      system: [{ text: 'Be brief.' }],
      messages: [
        { role: 'user', content: [{ text: 'Hi' }, { image: { format: 'png', source: { bytes: 'CANARY' } } }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Ulm' } } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'Rain' }] } }] },
      ],
    },
    json({ output: { message: { content: [{ text: 'Hello' }] } }, stopReason: 'end_turn' }),
    {
      system: [text('Be brief.')],
      input: [
        said('user', text('Hi'), { type: 'blob', modality: 'image' }),
        said('assistant', CALL),
        said('user', { type: 'tool_call_response', id: 'call_1', response: [text('Rain')] }),
      ],
      output: [answered('end_turn', text('Hello'))],
    },
  ],
  'Bedrock ConverseStream': [
    '/model/us.acme.m-1%3A0/converse-stream',
    { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
    frames(
      ['messageStart', { role: 'assistant' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hel' } }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'lo' } }],
      ['contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 'call_1', name: 'weather' } } }],
      ['contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"city":"Ulm"}' } } }],
      ['messageStop', { stopReason: 'tool_use' }],
    ),
    { input: [said('user', text('Hi'))], output: [answered('tool_use', text('Hello'), CALL)] },
  ],
  'Anthropic on Bedrock, streamed': [
    '/model/us.anthropic.m-1%3A0/invoke-with-response-stream',
    { messages: [{ role: 'user', content: 'Hi' }] },
    frames(
      ...[
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
        { type: 'message_stop' },
      ].map((one): [string, object] => ['chunk', { bytes: Buffer.from(JSON.stringify(one)).toString('base64') }]),
    ),
    { input: [said('user', text('Hi'))], output: [answered('end_turn', text('Hello'))] },
  ],
};
const ORIGINS: Readonly<Record<string, string>> = {
  '/api/chat': 'http://127.0.0.1:11434',
  '/api/generate': 'http://127.0.0.1:11434',
};

describe('content, where it is asked for', () => {
  it.each(Object.entries(APIS))(
    'is what %s says, in the shape of the convention',
    async (_, [path, body, answer, told]) => {
      const { attributes, dropped, ...content } = await capture(path, body, {
        origin: ORIGINS[path] ?? 'http://127.0.0.1:4010',
        ...answer,
      });
      expect(content).toEqual({ system: undefined, ...told });
      expect(JSON.stringify(attributes)).not.toContain('CANARY');
      expect(dropped).toEqual({});
    },
  );

  it('of Cohere is read in both of its versions', async () => {
    const origin = 'https://api.cohere.com';
    const two = await capture(
      '/v2/chat',
      { messages: [{ role: 'user', content: 'Hi' }], stream: true },
      {
        origin,
        ...events(
          { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hello' } } } },
          { type: 'message-end', delta: { finish_reason: 'COMPLETE' } },
        ),
      },
    );
    expect(two.output).toEqual([answered('COMPLETE', text('Hello'))]);
    spans.reset();
    const one = await capture(
      '/v1/chat',
      { message: 'Hi', preamble: 'Be brief.', chat_history: [{ role: 'CHATBOT', message: 'Yes?' }] },
      {
        origin,
        ...json({ text: 'Hello', finish_reason: 'COMPLETE' }),
      },
    );
    expect(one).toMatchObject({
      system: [text('Be brief.')],
      input: [said('assistant', text('Yes?')), said('user', text('Hi'))],
      output: [answered('COMPLETE', text('Hello'))],
    });
  });

  it('has no reasons in its messages by the newer names', async () => {
    useGenAiProfiles(['latest']);
    const [path, body, answer] = APIS['OpenAI chat stream'] ?? [];
    const { output } = await capture(path as string, body as object, answer as object);
    expect(JSON.stringify(output)).not.toContain('finish_reason');
  });

  it('of a stream that is cut off is what was said until then', async () => {
    const cut = events({ choices: [{ index: 0, delta: { content: 'Hel' } }] });
    const { output } = await capture(
      '/v1/chat/completions',
      { messages: [], stream: true },
      { ...cut, error: new Error('gone') },
    );
    expect(output).toEqual([said('assistant', text('Hel'))]);
  });

  it('of a call that failed is what was asked, and nothing of the error', async () => {
    const failed = { status: 401, ...json({ error: { message: 'Wrong key sk-CANARY', code: 'invalid_api_key' } }) };
    const { input, output, attributes } = await capture(
      '/v1/chat/completions?key=CANARY',
      { messages: [{ role: 'user', content: 'Hi' }] },
      failed,
    );
    expect([input, output]).toEqual([[said('user', text('Hi'))], undefined]);
    expect(attributes).toMatchObject({ 'error.type': 'invalid_api_key' });
    expect(
      JSON.stringify(
        spans.getFinishedSpans().map(({ name, attributes: all, events: own, status }) => [name, all, own, status]),
      ),
    ).not.toContain('CANARY');
  });

  it('is bounded: the last messages are kept, and of a single one the beginnings of its texts', async () => {
    useContent({ maxBytes: 300, redact: undefined });
    const messages = Array.from({ length: 50 }, (_, at) => ({
      role: 'user',
      content: `message ${at} ${'é'.repeat(20)}`,
    }));
    const long = json({ choices: [{ message: { content: '😀'.repeat(5000) }, finish_reason: 'stop' }] });
    const { input, output, attributes, dropped } = await capture('/v1/chat/completions', { messages }, long);
    for (const name of [INPUT, OUTPUT]) expect(Buffer.byteLength(String(attributes[name]))).toBeLessThanOrEqual(300);
    expect((input as { parts: { content: string }[] }[]).at(-1)?.parts[0]?.content).toContain('message 49');
    expect((output as { parts: { content: string }[] }[])[0]?.parts[0]?.content).toMatch(/^(?:😀)+\uFFFD?…$/u);
    expect(dropped.oversized_value).toBeGreaterThanOrEqual(2);
  });

  it('is none of a body of megabytes, of bytes that are no JSON and of documents that are none', async () => {
    const huge = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(5 << 20) }] });
    const none = await capture('/v1/chat/completions', huge, json({ choices: [{ message: { content: 'Hello' } }] }));
    expect(none).toMatchObject({
      input: undefined,
      output: [said('assistant', text('Hello'))],
      dropped: { oversized_value: 1 },
    });
    for (const body of [
      '{"messages":[{"role":"user","cont',
      '"x"',
      'null',
      '[[[]]]',
      '{"messages":7}',
      '{"messages":[null,7,"x",[]]}',
    ]) {
      for (const received of ['{"choices":7}', '{"choices":[null,7,{"message":7},{"delta":[]}]}', 'null', '7']) {
        spans.reset();
        const answer = { headers: { 'content-type': 'application/json' }, received: [Buffer.from(received)] };
        const { dropped } = await capture('/v1/chat/completions', body, answer);
        expect(dropped).not.toHaveProperty('hook_failed');
      }
    }
  });
});

describe('an answer that goes on and on', () => {
  it('is kept within its bound: texts, choices, tool calls and their arguments', async () => {
    const body = { messages: [], stream: true };
    const texts = Array.from({ length: 3000 }, (_, at) => ({
      choices: [{ index: at, delta: { content: 'x'.repeat(50) } }],
    }));
    const one = await capture('/v1/chat/completions', body, events(...texts));
    expect((one.output as object[]).length).toBeLessThanOrEqual(64);
    expect(one.dropped.oversized_value).toBeGreaterThan(0);
    spans.reset();
    const tools = Array.from({ length: 3000 }, (_, at) => ({
      choices: [
        {
          index: 0,
          delta: { tool_calls: [{ index: at, id: 'x'.repeat(9000), function: { name: 'y'.repeat(9000) } }] },
        },
      ],
    }));
    const two = await capture('/v1/chat/completions', body, events(...tools));
    expect(Buffer.byteLength(String(two.attributes[OUTPUT] ?? ''))).toBeLessThanOrEqual(10_000);
    spans.reset();
    const args = { list: Array.from({ length: 3000 }, () => 'z') };
    const parts = Array.from({ length: 20 }, () => ({
      candidates: [{ content: { parts: [{ functionCall: { name: 'f', args } }] } }],
    }));
    const three = await capture('/v1beta/models/m-1:streamGenerateContent?alt=sse', { contents: [] }, events(...parts));
    expect(JSON.stringify(three.output)).not.toContain('"z"');
    expect(three.dropped).toMatchObject({ oversized_value: 1 });
  });
});

describe('a redactor of content', () => {
  const ask = () =>
    capture(
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'secret' }] },
      json({ choices: [{ message: { content: 'secret too' } }] }),
    );

  it('decides what leaves', async () => {
    useContent({
      maxBytes: 1000,
      redact: ({ input }) => ({ input: input?.map(({ role }) => said(role, text('***'))) as never }),
    });
    expect(await ask()).toMatchObject({ input: [said('user', text('***'))], output: undefined, dropped: {} });
  });

  it('may say that nothing does', async () => {
    useContent({ maxBytes: 1000, redact: () => undefined });
    expect(await ask()).toMatchObject({ input: undefined, output: undefined, dropped: {} });
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    ['returns a text', () => 'secret'],
    ['returns null', () => null],
    ['returns a promise', async () => ({ input: [] })],
    ['returns messages that are none', () => ({ input: [{ role: 'user', content: 'secret' }] })],
    ['returns parts that are none', () => ({ output: [{ role: 'user', parts: ['secret'] }] })],
  ])('that %s lets nothing leave, and is counted', async (_, redact) => {
    useContent({ maxBytes: 1000, redact: redact as ContentRedactor });
    expect(await ask()).toMatchObject({
      system: undefined,
      input: undefined,
      output: undefined,
      dropped: { redaction_failed: 1 },
    });
  });
});

it('no content is kept while it is not asked for', async () => {
  useContent(undefined);
  const { attributes } = await capture(
    '/v1/chat/completions',
    { messages: HISTORY },
    json({ choices: [{ message: { content: 'A dog' } }] }),
  );
  expect(Object.keys(attributes).filter((name) => /message|instruction/.test(name))).toEqual([]);
  expect(JSON.stringify(attributes)).not.toMatch(/dog|brief/);
});

describe('an application with real SDKs', () => {
  let mock: MockProvider;
  beforeAll(async () => {
    mock = await startMockProvider();
  });
  afterAll(() => mock.close());

  it.each(
    NODES.flatMap((node) => [
      [node, 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'span_only'] as const,
      [node, 'GAUGEWAY_CAPTURE_CONTENT', 'false'] as const,
    ]),
  )(
    'on Node %s with %s=%s sends prompts and answers if it says so, and never a key',
    async (node, variable, value) => {
      const receiver = await startReceiver();
      const source = `
      import OpenAI from 'openai';
      import Anthropic from '@anthropic-ai/sdk';
      const base = process.env.BASE_URL;
      const openai = new OpenAI({ apiKey: 'sk-CANARY', baseURL: base + '/v1', defaultQuery: { key: 'CANARY' }, maxRetries: 0 });
      const messages = [{ role: 'user', content: 'my own question' }];
      await openai.chat.completions.create({ model: 'whole', messages });
      for await (const _ of await openai.chat.completions.create({ model: 'stream', messages, stream: true })) {}
      const anthropic = new Anthropic({ apiKey: 'CANARY', baseURL: base, maxRetries: 0 });
      await anthropic.messages.create({ model: 'claude', max_tokens: 9, system: 'my own rules', messages });
      await openai.chat.completions.create({ model: 'failed', messages }, {
        headers: { 'x-mock-behaviour': JSON.stringify({ status: 401 }), 'x-api-key': 'CANARY' },
      }).catch(() => undefined);`;
      const env = { BASE_URL: mock.url, ...receiver.env, [variable]: value };
      const end = await runApp({ node, source, flags: REGISTER, env });
      await receiver.close();
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const isOn = value !== 'false';
      const has = (name: string) => receiver.spans.filter(({ attributes }) => attributes[name] !== undefined).length;
      // @anthropic-ai/sdk has a span of its own, which is left as it is.
      expect(has(INPUT)).toBe(isOn ? 3 : 0);
      expect(has(OUTPUT)).toBe(isOn ? 2 : 0);
      const everything = JSON.stringify(receiver.requests.map(({ body }) => body));
      expect(everything.includes('my own question')).toBe(isOn);
      expect(everything).not.toContain('CANARY');
      const metrics = JSON.stringify(
        receiver.requests.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body),
      );
      expect(metrics).not.toContain('my own');
    },
    30_000,
  );
});
