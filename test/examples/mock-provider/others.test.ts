import { Mistral } from '@mistralai/mistralai';
import Groq from 'groq-sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { CHAT, collect, openai, served } from './served.ts';

const TOKENS = { promptTokens: 31, completionTokens: 17, cachedTokens: 7, reasoningTokens: 3, chunks: 2 };
const at = (path: string) => new OpenAI({ apiKey: 'mock', baseURL: `${served.mock.url}${path}`, maxRetries: 0 });

describe('providers of OpenAI’s format, each in its own way', () => {
  it('Groq tells the usage of a stream with its last chunk, under a name of its own', async () => {
    served.behaviour = TOKENS;
    const groq = new Groq({ apiKey: 'mock', baseURL: `${served.mock.url}/groq` });
    const chunks = await collect(await groq.chat.completions.create({ ...CHAT, stream: true }));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content)).toEqual(['', 'word ', 'word ', '']);
    expect(chunks.at(-1)?.x_groq?.usage).toMatchObject({ prompt_tokens: 31, completion_tokens: 17 });
  });

  it('Mistral tells the usage of a stream with its last chunk', async () => {
    served.behaviour = TOKENS;
    const mistral = new Mistral({ apiKey: 'mock', serverURL: `${served.mock.url}/mistral` });
    const chunks = await collect(await mistral.chat.stream(CHAT));
    expect(chunks.map(({ data }) => data.usage?.completionTokens)).toEqual([undefined, undefined, undefined, 17]);
  });

  it('DeepSeek tells what it had in its cache', async () => {
    served.behaviour = TOKENS;
    const { usage } = await at('/deepseek').chat.completions.create(CHAT);
    expect(usage).toMatchObject({ prompt_tokens: 31, prompt_cache_hit_tokens: 7, prompt_cache_miss_tokens: 24 });
  });

  it('xAI counts while it writes, and reasoning beside the completion', async () => {
    served.behaviour = TOKENS;
    const chunks = await collect(await at('/xai/v1').chat.completions.create({ ...CHAT, stream: true }));
    expect(chunks.map(({ usage }) => [usage?.completion_tokens, usage?.total_tokens])).toEqual([
      [0, 31],
      [2, 36],
      [8, 42],
      [14, 48],
    ]);
  });
});

describe('Ollama', () => {
  it('streams lines, of which the last tells the counts', async () => {
    served.behaviour = TOKENS;
    const ollama = new Ollama({ host: served.mock.url });
    const lines = await collect(await ollama.chat({ ...CHAT, stream: true }));
    expect(lines.map(({ done, eval_count }) => [done, eval_count])).toEqual([
      [false, undefined],
      [false, undefined],
      [true, 17],
    ]);
    served.behaviour = { status: 404 };
    await expect(ollama.chat(CHAT)).rejects.toMatchObject({ name: 'ResponseError', status_code: 404 });
  });
});

describe('a form', () => {
  it('is read as the object of its fields', async () => {
    const file = new File([Buffer.alloc(100)], 'speech.mp3');
    const { text } = await openai().audio.transcriptions.create({ model: 'whisper-1', file });
    expect(text).toBe('word ');
    expect(served.mock.requests[0]?.body).toMatchObject({ model: 'whisper-1' });
  });
});
