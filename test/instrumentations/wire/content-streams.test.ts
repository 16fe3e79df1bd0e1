import { describe } from 'vitest';
import { frame } from '../bedrock-server.ts';
import { answered, CALL, captureContent, type Example, events, HI, testExamples, text } from './content-capture.ts';

const capture = captureContent();
const OLLAMA = 'http://127.0.0.1:11434';
const MESSAGES = [{ role: 'user', content: 'Hi' }];
/** A piece of OpenAI's chat, of one choice or several. */
const pieces = (...choices: object[]) => ({ choices });
const choice = (index: number, delta: object, reason?: string) => ({ index, delta, finish_reason: reason });
const lines = (...documents: object[]) => ({
  headers: { 'content-type': 'application/x-ndjson' },
  received: documents.map((document) => Buffer.from(`${JSON.stringify(document)}\n`)),
});
const frames = (...documents: [event: string, payload: object][]) => ({
  headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  received: documents.map(([event, payload]) => Buffer.from(frame('event', event, payload))),
});

/** Each API, answering piece by piece. */
const STREAMS: Readonly<Record<string, Example>> = {
  'OpenAI chat stream': [
    '/v1/chat/completions',
    { messages: MESSAGES, stream: true },
    events(
      pieces(choice(0, { role: 'assistant', reasoning_content: 'Hm' })),
      pieces(choice(0, { content: 'Hel' }), choice(1, { content: 'Good' })),
      pieces(choice(0, { content: 'lo' }), choice(1, { content: ' day' })),
      pieces(choice(0, { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'weather', arguments: '' } }] })),
      pieces(choice(0, { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] })),
      pieces(choice(0, { tool_calls: [{ index: 0, function: { arguments: '"Ulm"}' } }] }, 'tool_calls')),
      pieces(choice(1, {}, 'stop')),
    ),
    {
      input: HI,
      output: [
        answered('tool_calls', { type: 'reasoning', content: 'Hm' }, text('Hello'), CALL),
        answered('stop', text('Good day')),
      ],
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
    { input: HI, output: [answered('completed', text('Hello'), CALL)] },
  ],
  'Anthropic stream': [
    '/v1/messages',
    { messages: MESSAGES, stream: true },
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
    { input: HI, output: [answered('tool_use', text('Hello'), CALL)] },
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
    { input: HI, output: [answered('STOP', text('Hello'))] },
  ],
  'Ollama chat': [
    '/api/chat',
    { messages: MESSAGES },
    {
      origin: OLLAMA,
      ...lines({ message: { content: 'Hel' } }, { message: { content: 'lo' } }, { done: true, done_reason: 'stop' }),
    },
    { input: HI, output: [answered('stop', text('Hello'))] },
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
    { input: HI, output: [answered('tool_use', text('Hello'), CALL)] },
  ],
  'Anthropic on Bedrock, streamed': [
    '/model/us.anthropic.m-1%3A0/invoke-with-response-stream',
    { messages: MESSAGES },
    frames(
      ...[
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
        { type: 'message_stop' },
      ].map((one): [string, object] => ['chunk', { bytes: Buffer.from(JSON.stringify(one)).toString('base64') }]),
    ),
    { input: HI, output: [answered('end_turn', text('Hello'))] },
  ],
};

describe('content, where it is asked for', () => {
  testExamples(capture, STREAMS);
});
