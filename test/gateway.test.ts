import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instrumentGateway, type ModelCall } from '../src/index.ts';
import { type Recording, startRecording } from './recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());
const calls = (): ModelCall[] => recording.observations.filter((o) => o.kind === 'model_call');

class Gateway {
  prefix = 'hello';
  async chat(request: { model: string }, _options?: object) {
    return { text: `${this.prefix} ${request.model}`, usage: { totalTokens: 30 } };
  }
  async detailed(_request: { model: string }) {
    return { model: 'm-2024', usage: { inputTokens: 10, outputTokens: 20 } };
  }
  broken(): Promise<never> {
    return Promise.reject(failure);
  }
  plain(): number {
    return 7;
  }
}
class ProviderDown extends Error {}
const failure = Object.assign(new ProviderDown('provider down'), { code: 'customer-4711' });

describe('instrumentGateway', () => {
  it('records each call with its model, tokens and provider', async () => {
    const gateway = new Gateway();
    instrumentGateway(gateway, { methods: ['chat', 'detailed'], provider: 'my_gateway' });
    await expect(gateway.chat({ model: 'm' })).resolves.toEqual({ text: 'hello m', usage: { totalTokens: 30 } });
    await gateway.detailed({ model: 'm' });
    expect(calls()).toMatchObject([
      { provider: 'my_gateway', operation: 'chat', requestModel: 'm', outcome: 'success', usage: { total: 30 } },
      { requestModel: 'm', responseModel: 'm-2024', usage: { input: 10, output: 20, total: 30 } },
    ]);
  });

  it('records a throw or rejection as a failed call and hands the very error on', async () => {
    const gateway = new Gateway();
    instrumentGateway(gateway, { methods: ['broken'], provider: 'my_gateway' });
    await expect(gateway.broken()).rejects.toBe(failure);
    expect(calls()).toMatchObject([{ outcome: 'error', errorType: 'ProviderDown' }]);
  });

  it('takes names from functions of the arguments, and survives one that throws', async () => {
    const gateway = new Gateway();
    instrumentGateway(gateway, {
      methods: ['chat'],
      provider: (request) => (request as { model: string }).model.split('/')[0],
      model: () => {
        throw new Error('no model');
      },
      operation: () => 'text_completion',
    });
    await gateway.chat({ model: 'openai/gpt' });
    expect(calls()).toMatchObject([{ provider: 'openai', requestModel: undefined, operation: 'text_completion' }]);
  });

  it('keeps the shape of the method and restores the object exactly', () => {
    const gateway = new Gateway();
    const before = Object.getOwnPropertyNames(gateway);
    const restore = instrumentGateway(gateway, { methods: ['chat', 'plain'], provider: 'p' });
    expect(gateway.chat.name).toBe('chat');
    expect(gateway.chat.length).toBe(Gateway.prototype.chat.length);
    expect(Object.keys(gateway)).toEqual(['prefix']);
    expect(gateway.plain()).toBe(7);
    restore();
    restore();
    expect(Object.getOwnPropertyNames(gateway)).toEqual(before);
    expect(gateway.chat).toBe(Gateway.prototype.chat);
  });

  it('names the option when a method does not exist', () => {
    const gateway = new Gateway();
    expect(() => instrumentGateway(gateway, { methods: ['chat', 'nope' as never], provider: 'p' })).toThrow(
      /option "methods" names "nope"/,
    );
    expect(gateway.chat).toBe(Gateway.prototype.chat);
  });

  it('counts what Anthropic read from and wrote to its cache as input', async () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 900, cache_creation_input_tokens: 5, output_tokens: 5 };
    const gateway = { ask: async () => ({ usage }) };
    instrumentGateway(gateway, { methods: ['ask'], provider: 'anthropic' });
    await gateway.ask();
    expect(calls()[0]?.usage).toEqual({ input: 915, output: 5, total: 920, cacheRead: 900, cacheWrite: 5 });
  });

  it('calls no getter of a result: that of a stream would read it to its end', () => {
    let reads = 0;
    const gateway = {
      ask: () => ({
        get usage() {
          reads++;
          return Promise.reject(failure);
        },
      }),
    };
    instrumentGateway(gateway, { methods: ['ask'], provider: 'my_gateway' });
    gateway.ask();
    expect(reads).toBe(0);
  });
});
