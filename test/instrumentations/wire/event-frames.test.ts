import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../bedrock-server.ts';
import { cut, essence, type PublishedExchange, tell } from './channels.ts';

const exchange: PublishedExchange = {
  path: '/model/eu.acme.frames-v1%3A0/converse-stream',
  status: 200,
  headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  sent: [Buffer.from('{"messages":[]}')],
};
const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };
const BODY = Buffer.concat([
  frame('event', 'messageStart', { role: 'assistant' }),
  frame('event', 'contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'é😀"stopReason":"x"' } }),
  frame('event', 'messageStop', { stopReason: 'end_turn' }),
  frame('event', 'metadata', { usage, metrics: { latencyMs: 1 } }),
]);
const places = fc.array(fc.nat(BODY.length), { maxLength: 30 });

describe('event streams of Amazon', () => {
  it('say the same however their bytes are cut', async () => {
    const whole = essence(await tell({ ...exchange, received: [BODY] }));
    expect(whole).toMatchObject({
      told: [{ requestModel: 'acme.frames-v1:0', usage: { input: 3, output: 4 } }],
      dropped: {},
    });
    await fc.assert(
      fc.asyncProperty(places, async (at) => {
        expect(essence(await tell({ ...exchange, received: cut(BODY, at) }))).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  it('never tell a number that was not written, whichever byte was changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(BODY.length - 1), fc.integer({ min: 1, max: 255 }), places, async (at, change, cuts) => {
        const bytes = Buffer.from(BODY);
        bytes[at] = (bytes[at] as number) ^ change;
        const { calls } = await tell({ ...exchange, received: cut(bytes, cuts) });
        expect(calls).toHaveLength(1);
        expect([undefined, 3]).toContain(calls[0]?.usage?.input);
        expect([undefined, 4]).toContain(calls[0]?.usage?.output);
      }),
      { numRuns: 300 },
    );
  });

  it('that stop in the middle of a frame, or are none, are errors without numbers', async () => {
    const short = await tell({ ...exchange, received: [BODY.subarray(0, 200)] });
    expect(short.calls).toMatchObject([{ outcome: 'error', errorType: 'incomplete_stream', usage: undefined }]);
    expect(short.dropped).toEqual({ malformed_body: 1 });
    const text = await tell({ ...exchange, received: [Buffer.from('data: {"usage":{"inputTokens":9}}\n\n')] });
    expect(text.calls).toMatchObject([{ outcome: 'error', errorType: 'incomplete_stream', usage: undefined }]);
  });

  it('pass over frames longer than any that counts', async () => {
    const long = frame('event', 'metadata', { usage: { ...usage, padding: 'x'.repeat(2_000_000) } });
    for (const size of [BODY.length + long.length, 65_536, 10_007]) {
      const bytes = Buffer.concat([long, BODY]);
      const received = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      const { calls, dropped } = await tell({ ...exchange, received });
      expect(calls).toMatchObject([{ outcome: 'success', usage: { input: 3, output: 4 } }]);
      expect(dropped).toEqual({ oversized_value: 1 });
    }
  });

  it('with an error in them fail by its name, if it is known', async () => {
    const thrown = async (type: string) => {
      const end = Buffer.from(frame('exception', type, { message: 'no' }));
      return (await tell({ ...exchange, received: [end] })).calls[0]?.errorType;
    };
    expect(await thrown('modelStreamErrorException')).toBe('ModelStreamErrorException');
    expect(await thrown('somethingNewException')).toBe('_OTHER');
  });

  it('are asked for by the end of the path, whatever the model is called', async () => {
    const body = { stopReason: 'end_turn', usage };
    const { calls } = await tell({
      ...exchange,
      path: '/model/acme.live-stream-v1/converse',
      headers: { 'content-type': 'application/json' },
      received: [Buffer.from(JSON.stringify(body))],
    });
    expect(calls).toMatchObject([{ requestModel: 'acme.live-stream-v1', streaming: false, outcome: 'success' }]);
    const streamed = await tell({ ...exchange, path: '/model/acme.v1/converse-stream?x=1', received: [BODY] });
    expect(streamed.calls).toMatchObject([{ requestModel: 'acme.v1', streaming: true, outcome: 'success' }]);
  });
});
