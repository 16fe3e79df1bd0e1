import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { request as undiciRequest } from 'undici';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../examples/mock-provider/index.ts';
import { anthropic, CHAT, CONTENT, collect, gemini, MESSAGE, openai, post, served } from './served.ts';

describe('bytes', () => {
  const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync, zstd: zstdDecompressSync };

  it.each(Object.keys(DECODERS) as (keyof typeof DECODERS)[])(
    'encodes in %s when the client accepts it',
    async (encoding) => {
      served.behaviour = { encoding, chunkDelayMs: 20, chunks: 3 };
      const path = `${served.mock.url}/v1/chat/completions`;
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
    served.behaviour = { encoding, splitBytes: 7 };
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
      served.behaviour = variant;
      const chunks = await collect(await openai().chat.completions.create({ ...CHAT, stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('é€😀é€😀');
      expect(await anthropic().messages.stream(MESSAGE).finalText()).toBe('é€😀é€😀');
    }
    const text = await (await post('/v1/chat/completions', { ...CHAT, stream: true })).text();
    expect(text).toMatch(/"id": "chatcmpl-\w+", "object": /);
    expect(text).toMatch(/"obfuscation": "\w*"\}\n\n/);
  });

  it('serves a raw body and spoilt usage', async () => {
    served.behaviour = { rawBody: '<html>', contentType: 'text/html' };
    const raw = await post('/v1/chat/completions', CHAT);
    expect([raw.headers.get('content-type'), await raw.text()]).toEqual(['text/html', '<html>']);
    const usageOf = async (usage: Behaviour['usage']) => {
      served.behaviour = { usage };
      return (await post('/v1/chat/completions', CHAT)).text();
    };
    expect(await usageOf('absent')).not.toContain('usage');
    expect(await usageOf('null')).toContain('"usage":null');
    expect(await usageOf('nan')).toContain('"prompt_tokens":NaN');
    expect(await usageOf('negative')).toContain('"prompt_tokens":-12');
    expect(await usageOf('string')).toContain('"prompt_tokens":"12"');
    expect(served.mock.ledger['gpt-4o-mini']).toMatchObject({ completed: 6, inputTokens: 60, reportedInputTokens: 0 });
  });

  it('lets the header win over the option', async () => {
    served.behaviour = { status: 500 };
    const reply = await post('/v1/chat/completions', CHAT, { 'x-mock-behaviour': '{"status":200,"promptTokens":99}' });
    expect(await reply.json()).toMatchObject({ usage: { prompt_tokens: 99 } });
    const wrong = await post('/v1/chat/completions', CHAT, { 'x-mock-behaviour': '{"stauts":200}' });
    expect(wrong.status).toBe(400);
  });
});
