import fc from 'fast-check';
import { expect, it } from 'vitest';
import { essence, tell } from './channels.ts';

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'word ',
    '"finish_reason":null',
    '"}}]}\n\n',
    '","finish_reason":"stop',
    'é😀',
    '\\"',
    'x'.repeat(300),
  ),
);
const reason = fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, fc.constantFrom('stop', 'length', 'tool_calls'));
const usage = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.constant(null) },
  fc.record({ prompt_tokens: fc.nat(9), completion_tokens: fc.nat(9) }),
);
const choice = fc.record({ index: fc.nat(3), delta: fc.record({ content: text }), finish_reason: reason });
const order = fc.constantFrom(
  ['id', 'model', 'choices', 'usage', 'obfuscation'],
  ['id', 'model', 'usage', 'choices', 'obfuscation'],
  ['choices', 'id', 'usage', 'model'],
  ['id', 'error', 'choices'],
);

/** An event of a chat stream, whatever its order and oddities. */
const chatEvent = fc
  .record({ choices: fc.array(choice, { minLength: 0, maxLength: 2 }), usage, obfuscation: text, order })
  .map(({ order: keys, ...fields }) => {
    const all: Record<string, unknown> = { id: 'chatcmpl-1', model: 'm', error: null, ...fields };
    return `data: ${JSON.stringify(Object.fromEntries(keys.map((key) => [key, all[key]])))}\n\n`;
  });

const responsesEvent = fc
  .oneof(
    { weight: 6, arbitrary: text.map((delta) => ({ type: 'response.output_text.delta', delta })) },
    fc.constant({
      type: 'response.completed',
      response: { id: 'r', status: 'completed', usage: { input_tokens: 3, output_tokens: 4 } },
    }),
    fc.constant({ type: 'response.in_progress', response: { id: 'r', model: 'm', status: 'in_progress' } }),
    fc.constant({ type: 'error', code: 'server_error' }),
    // The name of the event and the name in its data may differ.
    fc.constant({ event: 'response.output_text.delta', type: 'error', code: 'x' }),
  )
  .map(
    ({ event, ...data }: { event?: string; type: string }) =>
      `event: ${event ?? data.type}\ndata: ${JSON.stringify(data)}\n\n`,
  );

const messageEvent = fc
  .oneof(
    {
      weight: 6,
      arbitrary: text.map((chars) => ({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text: chars },
      })),
    },
    fc.constant({
      type: 'message_start',
      message: { id: 'i', model: 'm', usage: { input_tokens: 3, output_tokens: 1 } },
    }),
    fc.constant({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
    fc.constant({ type: 'message_stop' }),
    fc.constant({ type: 'ping' }),
  )
  .map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);

/** Counts that grow, as they do; one of them may be no count at all. */
const counts = fc.oneof({ weight: 9, arbitrary: fc.nat(2000) }, fc.constantFrom(-1, 1.5, '7', null, 1e30));
const geminiEvent = fc
  .record({
    text,
    finishReason: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom('STOP', 'MAX_TOKENS')),
    usageMetadata: fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      {
        weight: 6,
        arbitrary: fc.record(
          {
            promptTokenCount: fc.constant(12),
            candidatesTokenCount: counts,
            thoughtsTokenCount: counts,
            totalTokenCount: counts,
          },
          { requiredKeys: ['promptTokenCount'] },
        ),
      },
    ),
    extra: fc.constantFrom(
      {},
      {},
      {},
      {},
      { error: { status: 'UNAVAILABLE' } },
      { promptFeedback: { blockReason: 'SAFETY' } },
    ),
  })
  .map(({ text: part, finishReason, usageMetadata, extra }) => {
    const candidates = [{ content: { parts: [{ text: part }], role: 'model' }, finishReason, index: 0 }];
    return `data: ${JSON.stringify({ candidates, usageMetadata, modelVersion: 'm', responseId: 'r', ...extra })}\r\n\r\n`;
  });

it.each([
  ['/v1/chat/completions', chatEvent],
  ['/v1/responses', responsesEvent],
  ['/v1/messages', messageEvent],
  ['/v1beta/models/m:streamGenerateContent?alt=sse', geminiEvent],
])('recognising alike events never changes what a stream of %s says', async (path, event) => {
  const exchange = { path, sent: ['{"stream":true}'], status: 200, headers: { 'content-type': 'text/event-stream' } };
  // Some events in one chunk, as a busy network delivers them; a chunk alone is never taken for a repetition.
  const stream = fc.array(fc.array(event, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(stream, fc.boolean(), async (coalesced, alone) => {
      const chunks = (alone ? coalesced.flat() : coalesced.map((events) => events.join(''))).map((chunk) =>
        Buffer.from(chunk),
      );
      const read = essence(await tell({ ...exchange, received: [Buffer.concat(chunks)] }));
      expect(essence(await tell({ ...exchange, received: chunks }))).toEqual(read);
    }),
    { numRuns: 1500 },
  );
});
