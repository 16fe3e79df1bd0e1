import { describe, expect, it } from 'vitest';
import { type PublishedExchange, tell } from './channels.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM_TYPE = { 'content-type': 'text/event-stream' };
const GEMINI = '/v1beta/models/g:generateContent';
const event = (value: object): Buffer => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
const delta = (reason: string | null, more = {}) =>
  event({ id: 'i', model: 'm', choices: [{ delta: { content: 'x' }, finish_reason: reason }], ...more });

async function answered(body: object, path = '/v1/chat/completions') {
  const received = [Buffer.from(JSON.stringify(body))];
  return (await tell({ path, sent: ['{"model":"m"}'], status: 200, headers: JSON_TYPE, received })).calls[0];
}

async function streamed(received: Buffer[], more: Partial<PublishedExchange> = {}) {
  const sent = ['{"model":"m","stream":true}'];
  const path = '/v1/chat/completions';
  return (await tell({ path, sent, status: 200, headers: STREAM_TYPE, received, ...more })).calls[0];
}

describe('chat completions', () => {
  it('are not finished by an empty finish reason in every event', async () => {
    const call = await streamed(Array.from({ length: 100 }, () => delta('')));
    expect(call).toMatchObject({ outcome: 'error', errorType: 'incomplete_stream', finishReasons: [] });
  });

  it('keep few finish reasons of a server that repeats them in every event', async () => {
    const call = await streamed(Array.from({ length: 1000 }, () => delta('stop')));
    expect(call?.outcome).toBe('success');
    expect(call?.finishReasons.length).toBeLessThanOrEqual(16);
  });

  it('have failed when a proxy answers with the status of the far side, in a body or in an event', async () => {
    const error = { code: 502, message: 'upstream' };
    expect(await answered({ error })).toMatchObject({ outcome: 'error', errorType: '502' });
    expect(await streamed([delta(null), delta('error', { error })])).toMatchObject({ errorType: '502' });
  });

  it('count reasoning as output where the provider leaves it out of the completion, as its total tells', async () => {
    const apart = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 };
    const usage = { ...apart, completion_tokens_details: { reasoning_tokens: 94 } };
    const choices = [{ finish_reason: 'stop' }];
    expect((await answered({ choices, usage }))?.usage).toEqual({ input: 32, output: 103, reasoning: 94, total: 135 });
    const within = { ...usage, completion_tokens: 103 };
    expect((await answered({ choices, usage: within }))?.usage).toEqual({
      input: 32,
      output: 103,
      reasoning: 94,
      total: 135,
    });
  });
});

describe('Gemini', () => {
  const metadata = { promptTokenCount: 10, totalTokenCount: 110 };

  it('tells the output of an answer that is all thinking, although it leaves counts of zero out', async () => {
    const usageMetadata = { ...metadata, thoughtsTokenCount: 100 };
    const call = await answered({ candidates: [{ finishReason: 'MAX_TOKENS' }], usageMetadata }, GEMINI);
    expect(call?.usage).toEqual({ input: 10, output: 100, reasoning: 100, total: 110 });
  });

  it('tells no output for a refused prompt of which the total is the prompt', async () => {
    const usageMetadata = { ...metadata, totalTokenCount: 10 };
    const call = await answered({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata }, GEMINI);
    expect(call?.usage).toEqual({ input: 10, output: 0, total: 10 });
  });

  it('refuses an output beside which the total holds thinking that is not told', async () => {
    const usageMetadata = { ...metadata, candidatesTokenCount: 60 };
    const call = await answered({ candidates: [{ finishReason: 'STOP' }], usageMetadata }, GEMINI);
    expect(call?.usage).toEqual({ input: 10, total: 110 });
  });

  it('leaves output unknown when the total holds more than it explains', async () => {
    const usageMetadata = { ...metadata, thoughtsTokenCount: 60 };
    const call = await answered({ candidates: [{ finishReason: 'STOP' }], usageMetadata }, GEMINI);
    expect(call?.usage?.output).toBeUndefined();
  });
});

describe('a comment in a stream', () => {
  it('is no chunk, so a model that stalls behind it is seen to stall', async () => {
    const waiting = Buffer.from(': keep-alive\n\n');
    const call = await streamed([waiting, delta('stop'), waiting, waiting]);
    expect(call?.timeToFirstChunkMs).toBeDefined();
    expect(call?.longestStallMs).toBeUndefined();
  });
});
