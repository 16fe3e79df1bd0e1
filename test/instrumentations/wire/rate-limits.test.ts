import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tell } from './channels.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
afterEach(() => vi.useRealTimers());

const ANSWER = '{"model":"m","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}';

async function limitsOf(headers: Readonly<Record<string, string>>, status = 200) {
  const { rateLimits, dropped, calls } = await tell({
    path: '/v1/chat/completions',
    sent: [Buffer.from('{"model":"asked"}')],
    status,
    headers: { 'content-type': 'application/json', ...headers },
    received: [Buffer.from(ANSWER)],
  });
  expect(calls).toHaveLength(1);
  const told = rateLimits.map(({ resource, limit, remaining, resetMs }) => ({ resource, limit, remaining, resetMs }));
  return { told, dropped, rateLimits };
}

describe('the rate limits of an answer', () => {
  it('are read as OpenAI writes them', async () => {
    const { told, rateLimits, dropped } = await limitsOf({
      'x-ratelimit-limit-requests': '10000',
      'X-RateLimit-Limit-Tokens': '200000',
      'x-ratelimit-remaining-requests': '9999',
      'x-ratelimit-remaining-tokens': '199976',
      'x-ratelimit-reset-requests': '8.64s',
      'x-ratelimit-reset-tokens': '1h6m0s',
      'x-ratelimit-limit-tokens_usage_based': '1',
    });
    expect(told).toEqual([
      { resource: 'requests', limit: 10_000, remaining: 9999, resetMs: 8640 },
      { resource: 'tokens', limit: 200_000, remaining: 199_976, resetMs: 3_960_000 },
    ]);
    expect(rateLimits[0]).toMatchObject({
      kind: 'rate_limit',
      provider: 'custom',
      requestModel: 'asked',
      serverAddress: '127.0.0.1',
      serverPort: 4010,
      time: NOW,
    });
    expect(Object.isFrozen(rateLimits[0])).toBe(true);
    expect(dropped).toEqual({});
  });

  it('are read as Anthropic writes them, with moments that may have passed', async () => {
    const { told } = await limitsOf({
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:02Z',
      'anthropic-ratelimit-input-tokens-limit': '80000',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T13:01:00+01:00',
      'anthropic-ratelimit-output-tokens-remaining': '16000',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-21T11:59:00Z',
      'anthropic-ratelimit-unified-status': 'allowed',
    });
    expect(told).toEqual([
      { resource: 'requests', limit: 50, remaining: 49, resetMs: 2000 },
      { resource: 'input_tokens', limit: 80_000, remaining: 0, resetMs: 60_000 },
      { resource: 'output_tokens', limit: undefined, remaining: 16_000, resetMs: 0 },
    ]);
  });

  it('are read with an error too, and as Azure writes them', async () => {
    const { told, dropped } = await limitsOf(
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '55' },
      429,
    );
    expect(told).toEqual([{ resource: 'requests', limit: undefined, remaining: 0, resetMs: 55_000 }]);
    expect(dropped).toEqual({});
  });

  it.each([
    ['-1', 1],
    ['', 1],
    ['many', 1],
    ['1e9', 1],
    ['NaN', 1],
    ['12.5', 1],
    ['9'.repeat(16), 1],
    ['9'.repeat(10_000), 1],
  ])('leave out and count what is no count: %s', async (value, count) => {
    const { told, dropped } = await limitsOf({
      'x-ratelimit-remaining-tokens': value,
      'x-ratelimit-limit-tokens': '100',
      'x-ratelimit-limit-requests': '7',
    });
    expect(told).toEqual([
      { resource: 'tokens', limit: 100, remaining: undefined, resetMs: undefined },
      { resource: 'requests', limit: 7, remaining: undefined, resetMs: undefined },
    ]);
    expect(dropped).toEqual({ invalid_value: count });
  });

  it.each(['soon', '6 minutes', '2026-11-21', '5y', `${'1s'.repeat(90)}x`, '1.2.3s', '-5s'])(
    'leave out and count a reset that says no time: %s',
    async (value) => {
      const { told, dropped } = await limitsOf({
        'x-ratelimit-remaining-tokens': '5',
        'x-ratelimit-reset-tokens': value,
      });
      expect(told).toEqual([{ resource: 'tokens', limit: undefined, remaining: 5, resetMs: undefined }]);
      expect(dropped).toEqual({ invalid_value: 1 });
    },
  );

  it('are left out where more remains than there is', async () => {
    const { told, dropped } = await limitsOf({
      'x-ratelimit-remaining-tokens': '6',
      'x-ratelimit-limit-tokens': '5',
    });
    expect(told).toEqual([]);
    expect(dropped).toEqual({ invalid_value: 1 });
  });

  it('are nothing where the provider tells none', async () => {
    expect((await limitsOf({ 'x-ratelimit-reset-tokens': '1s', 'retry-after': '3' })).told).toEqual([]);
  });
});
