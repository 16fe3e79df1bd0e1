import { describe, expect, it } from 'vitest';
import { anthropic, collect, MESSAGE, post, served, TOOL_PARAMETERS } from './served.ts';

describe('Anthropic', () => {
  it('answers a message and leaves cached tokens out of input_tokens', async () => {
    served.behaviour = { promptTokens: 100, cachedTokens: 60, cacheWriteTokens: 30, completionTokens: 20 };
    const whole = await anthropic().messages.create(MESSAGE);
    expect(whole).toMatchObject({ model: 'claude-haiku-4-5-20251001', stop_reason: 'end_turn', type: 'message' });
    const counts = {
      input_tokens: 10,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 30,
      output_tokens: 20,
    };
    expect(whole.usage).toMatchObject(counts);
    const final = await anthropic().messages.stream(MESSAGE).finalMessage();
    expect(final.usage).toMatchObject(counts);
    expect(final.content).toMatchObject([{ type: 'text', text: 'word '.repeat(5) }]);
    expect(served.mock.ledger['claude-haiku-4-5']).toMatchObject({
      completed: 2,
      reportedInputTokens: 200,
      reportedOutputTokens: 40,
    });
  });

  it('streams its events in order', async () => {
    served.behaviour = { chunks: 1 };
    const text = await (await post('/v1/messages', { ...MESSAGE, stream: true })).text();
    expect([...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('thinks, and calls tools', async () => {
    served.behaviour = { reasoningTokens: 3 };
    const tools = [{ name: 'weather', input_schema: TOOL_PARAMETERS }];
    const final = await anthropic()
      .messages.stream({ ...MESSAGE, tools })
      .finalMessage();
    expect(final.content.map((block) => block.type)).toEqual(['thinking', 'tool_use']);
    expect(final.content[1]).toMatchObject({ name: 'weather', input: { location: 'Paris, France' } });
    expect(final.stop_reason).toBe('tool_use');
  });

  it('counts tokens', async () => {
    const counted = await anthropic().messages.countTokens({ model: MESSAGE.model, messages: MESSAGE.messages });
    expect(counted.input_tokens).toBe(12);
  });

  it('fails as the real service does', async () => {
    served.behaviour = { status: 529 };
    const failure = { status: 529, error: { type: 'error', error: { type: 'overloaded_error' } } };
    const error = await anthropic()
      .messages.create(MESSAGE)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(failure);
    expect((error as { requestID: string }).requestID).toMatch(/^req_/);
    served.behaviour = { errorEventAfterChunks: 1 };
    const stream = await anthropic().messages.create({ ...MESSAGE, stream: true });
    await expect(collect(stream)).rejects.toMatchObject({ type: 'overloaded_error' });
  });
});
