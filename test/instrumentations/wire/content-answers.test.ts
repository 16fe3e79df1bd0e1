import { describe, expect, it } from 'vitest';
import {
  answered,
  CALL,
  captureContent,
  type Example,
  events,
  HI,
  json,
  said,
  testExamples,
  text,
} from './content-capture.ts';

const capture = captureContent();
const OLLAMA = 'http://127.0.0.1:11434';
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
const TOOL_TOLD = said('tool', { type: 'tool_call_response', id: 'call_1', response: 'Rain' });
const HISTORY_TOLD = [
  said('system', text('Be brief.')),
  said(
    'user',
    text('What is this?'),
    { type: 'uri', modality: 'image', uri: 'https://images.example/a.png' },
    { type: 'blob', modality: 'image' },
  ),
  said('assistant', CALL),
  TOOL_TOLD,
];

/** Each API, answering in one piece. */
const ANSWERS: Readonly<Record<string, Example>> = {
  'OpenAI chat': [
    '/v1/chat/completions',
    { messages: HISTORY },
    json({ choices: [{ index: 0, message: { content: 'A dog', tool_calls: [TOOL] }, finish_reason: 'stop' }] }),
    { input: HISTORY_TOLD, output: [answered('stop', text('A dog'), CALL)] },
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
      input: [said('user', text('Hi')), said('assistant', CALL), TOOL_TOLD],
      output: [answered('completed', text('Hello'))],
    },
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
      input: [said('user', text('Hi')), said('assistant', CALL), { ...TOOL_TOLD, role: 'user' }],
      output: [answered('tool_use', { type: 'reasoning', content: 'Hm' }, text('Hello'), CALL)],
    },
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
  'Ollama generate': [
    '/api/generate',
    { prompt: 'Hi', system: 'Be brief.', stream: false },
    { origin: OLLAMA, ...json({ response: 'Hello', done: true, done_reason: 'stop' }) },
    { system: [text('Be brief.')], input: HI, output: [answered('stop', text('Hello'))] },
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
};

describe('content, where it is asked for', () => {
  testExamples(capture, ANSWERS);

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
});
