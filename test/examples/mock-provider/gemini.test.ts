import { describe, expect, it } from 'vitest';
import { CONTENT, collect, gemini, post, served } from './served.ts';

describe('Gemini', () => {
  it('answers and streams content', async () => {
    served.behaviour = { promptTokens: 40, cachedTokens: 10, completionTokens: 25, reasoningTokens: 5, chunks: 4 };
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
    expect(served.mock.ledger['gemini-2.5-flash']).toMatchObject({ completed: 2, inputTokens: 80, outputTokens: 50 });
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
    served.behaviour = { status: 429 };
    await expect(gemini().models.generateContent(CONTENT)).rejects.toMatchObject({ status: 429 });
    const refused = await post('/v1beta/models/gemini-2.5-flash:generateContent', { contents: [] });
    expect(await refused.json()).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED' } });
    served.behaviour = { errorEventAfterChunks: 1 };
    const stream = await gemini().models.generateContentStream(CONTENT);
    await expect(collect(stream)).rejects.toMatchObject({ status: 503 });
  });
});
