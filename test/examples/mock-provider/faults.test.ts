import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { anthropic, CHAT, CONTENT, collect, gemini, MESSAGE, openai, post, served } from './served.ts';

describe('faults', () => {
  it('drops the connection in the middle', async () => {
    served.behaviour = { dropAfterChunks: 2 };
    const received: unknown[] = [];
    const stream = await openai().chat.completions.create({ ...CHAT, stream: true });
    const reading = (async () => {
      for await (const chunk of stream) received.push(chunk);
    })();
    await expect(reading).rejects.toThrow();
    expect(received).toHaveLength(3);
    await expect(anthropic().messages.create(MESSAGE)).rejects.toThrow();
    expect(served.mock.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, completed: 0, abandoned: 0 });
    expect(served.mock.requests[0]).toMatchObject({ chunksSent: 2, closedEarly: false });
  });

  it('remembers the usage that a stream had told before it was cut off', async () => {
    served.behaviour = { dropAfterChunks: 2, chunks: 3, promptTokens: 100, cachedTokens: 40, completionTokens: 80 };
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
    expect(served.mock.ledger['gpt-4o-mini']).toMatchObject({ ...completedNothing, reportedInputTokens: 0 });
    const anthropicLedger = served.mock.ledger['claude-haiku-4-5'];
    expect(anthropicLedger).toMatchObject({ ...completedNothing, reportedInputTokens: 100, reportedOutputTokens: 0 });
    // Google counts while it writes: what was told of the output is less than what will be billed.
    const geminiLedger = served.mock.ledger['gemini-2.5-flash'];
    expect(geminiLedger).toMatchObject({ ...completedNothing, reportedInputTokens: 100, reportedOutputTokens: 0 });
  });

  it('truncates while the body still ends properly', async () => {
    served.behaviour = { truncate: true, chunks: 4 };
    const text = await (await post('/v1/chat/completions', { ...CHAT, stream: true })).text();
    expect(text.match(/"content":"word "/g)).toHaveLength(2);
    expect(text).not.toContain('[DONE]');
    const half = await (await post('/v1/chat/completions', CHAT)).text();
    expect(() => JSON.parse(half)).toThrow(SyntaxError);
    expect(served.mock.ledger['gpt-4o-mini']?.dropped).toBe(2);
  });

  it('hangs before the headers and in the body until the client leaves', async () => {
    for (const hang of ['headers', 'body'] as const) {
      served.behaviour = { hang };
      const signal = AbortSignal.timeout(150);
      const asked = openai().chat.completions.create({ ...CHAT, stream: true }, { signal });
      await asked.then(collect).catch(() => undefined);
    }
    await expect.poll(() => served.mock.ledger['gpt-4o-mini']?.abandoned).toBe(2);
    expect(served.mock.requests.map((request) => [request.closedEarly, request.chunksSent])).toEqual([
      [true, 0],
      [true, 1],
    ]);
  });

  it('survives a client that stops reading', async () => {
    served.behaviour = { chunks: 200, chunkDelayMs: 5 };
    const stream = await anthropic().messages.create({ ...MESSAGE, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    await expect.poll(() => served.mock.requests[0]?.closedEarly).toBe(true);
    expect(served.mock.requests[0]?.chunksSent).toBeLessThan(200);
    served.behaviour = {};
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
        const reply = await fetch(`${served.mock.url}${path}`, { method: 'POST', body });
        expect(reply.status).toBe(400);
        expect(await reply.json()).toHaveProperty('error.message');
      }
    }
    expect((await fetch(`${served.mock.url}/v1/messages`)).status).toBe(405);
    expect((await fetch(`${served.mock.url}//nowhere?%`)).status).toBe(404);
    const socket = connectTcp(served.mock.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end('POST /v1/messages HTTP/1.1\r\ncontent-length: 9\r\nhost: x\r\n\r\n{');
    await once(socket.resume(), 'close');
    expect((await fetch(`${served.mock.url}/v1/models`)).status).toBe(200);
  });
});
