import OpenAI, { type APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { CHAT, collect, openai, served, TOOL_PARAMETERS } from './served.ts';

describe('OpenAI', () => {
  it('answers a chat completion that the SDK understands', async () => {
    served.behaviour = {
      promptTokens: 100,
      cachedTokens: 40,
      completionTokens: 30,
      reasoningTokens: 10,
      chunks: 2,
      deltaText: 'ab',
    };
    const { data, request_id } = await openai().chat.completions.create(CHAT).withResponse();
    expect(data.model).toBe('gpt-4o-mini-2024-07-18');
    expect(data.choices[0]?.message.content).toBe('abab');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.usage).toMatchObject({
      prompt_tokens: 100,
      completion_tokens: 30,
      total_tokens: 130,
      prompt_tokens_details: { cached_tokens: 40 },
      completion_tokens_details: { reasoning_tokens: 10 },
    });
    expect(request_id).toMatch(/^req_/);
    expect(served.mock.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      httpVersion: '1.1',
      body: CHAT,
    });
    expect(served.mock.ledger['gpt-4o-mini']).toMatchObject({
      requests: 1,
      completed: 1,
      inputTokens: 100,
      outputTokens: 30,
    });
  });

  it('streams usage only when asked', async () => {
    const silent = await collect(await openai().chat.completions.create({ ...CHAT, stream: true }));
    expect(silent.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(served.mock.ledger['gpt-4o-mini']).toMatchObject({ outputTokens: 5, reportedOutputTokens: 0 });

    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const chunks = await collect(await openai().chat.completions.create({ ...CHAT, ...options }));
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('word '.repeat(5));
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 5 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(served.mock.requests[1]).toMatchObject({ chunksSent: 5, closedEarly: false });
  });

  it('serves several choices', async () => {
    const whole = await openai().chat.completions.create({ ...CHAT, n: 3 });
    expect(whole.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    const stream = await openai().chat.completions.create({ ...CHAT, n: 2, stream: true });
    const texts = ['', ''];
    for await (const { choices } of stream) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? '';
    }
    expect(texts).toEqual(['word '.repeat(5), 'word '.repeat(5)]);
  });

  it('calls the first tool after a user message', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: TOOL_PARAMETERS } }];
    const whole = await openai().chat.completions.create({ ...CHAT, tools });
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    const final = await openai()
      .chat.completions.stream({ ...CHAT, tools })
      .finalChatCompletion();
    const call = final.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({ unit: 'celsius' });
  });

  it('answers and streams a response', async () => {
    served.behaviour = { promptTokens: 50, cachedTokens: 8, reasoningTokens: 2, chunks: 3 };
    const whole = await openai().responses.create({ model: 'gpt-5-mini', input: 'Hi' });
    expect(whole).toMatchObject({
      status: 'completed',
      model: 'gpt-5-mini-2025-08-07',
      output_text: 'word word word ',
    });
    const usage = { input_tokens: 50, output_tokens: 5, total_tokens: 55, input_tokens_details: { cached_tokens: 8 } };
    expect(whole.usage).toMatchObject(usage);
    const events = await collect(await openai().responses.create({ model: 'gpt-5-mini', input: 'Hi', stream: true }));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.filter((event) => event.type === 'response.output_text.delta')).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage } });
    const final = await openai().responses.stream({ model: 'gpt-5-mini', input: 'Hi' }).finalResponse();
    expect(final.output_text).toBe('word word word ');
  });

  it('ends a response as incomplete past max_output_tokens, and calls tools', async () => {
    const short = { model: 'gpt-5', input: 'Hi', max_output_tokens: 2 };
    expect(await openai().responses.create(short)).toMatchObject({ status: 'incomplete' });
    const events = await collect(await openai().responses.create({ ...short, stream: true }));
    expect(events.at(-1)?.type).toBe('response.incomplete');
    const tools = [{ type: 'function' as const, name: 'weather', parameters: TOOL_PARAMETERS, strict: false }];
    const final = await openai().responses.stream({ model: 'gpt-5', input: 'Hi', tools }).finalResponse();
    expect(final.output).toMatchObject([
      { type: 'function_call', name: 'weather', arguments: '{"location":"Paris, France"}' },
    ]);
  });

  it('embeds as floats and as base64', async () => {
    const embed = (encoding_format: 'float' | 'base64') =>
      openai().embeddings.create({
        model: 'text-embedding-3-small',
        input: ['a', 'b'],
        encoding_format,
        dimensions: 8,
      });
    const floats = await embed('float');
    expect(floats.data.map((item) => item.embedding.length)).toEqual([8, 8]);
    expect(floats.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
    expect(typeof (await embed('base64')).data[0]?.embedding).toBe('string');
    // Without a format the SDK asks for base64 and decodes it.
    const decoded = await openai().embeddings.create({ model: 'text-embedding-3-small', input: 'a' });
    expect(decoded.data[0]?.embedding).toHaveLength(16);
  });

  it('lists models', async () => {
    expect((await openai().models.list()).data.map((model) => model.id)).toContain('gpt-4o-mini');
  });

  it('fails as the real service does', async () => {
    served.behaviour = { status: 429, retryAfterSeconds: 3 };
    const error = await openai()
      .chat.completions.create(CHAT)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' });
    expect((error as APIError).headers?.get('retry-after')).toBe('3');
    served.behaviour = { errorEventAfterChunks: 2 };
    const chat = await openai().chat.completions.create({ ...CHAT, stream: true });
    await expect(collect(chat)).rejects.toMatchObject({ type: 'server_error' });
    const response = await openai().responses.create({ model: 'gpt-5', input: 'Hi', stream: true });
    await expect(collect(response)).rejects.toMatchObject({ code: 'server_error' });
    expect(served.mock.ledger['gpt-4o-mini']?.errors).toEqual({ 429: 1, stream: 1 });
  });
});
