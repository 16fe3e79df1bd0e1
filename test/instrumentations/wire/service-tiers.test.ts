import { expect, it } from 'vitest';
import { tell } from './channels.ts';

const whole = (path: string, answer: object) => ({
  path,
  sent: ['{"model":"m"}'],
  status: 200,
  headers: { 'content-type': 'application/json' },
  received: [Buffer.from(JSON.stringify(answer))],
});
const streamed = (path: string, ...events: object[]) => ({
  path,
  sent: ['{"model":"m","stream":true}'],
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  received: events.map((event) => Buffer.from(`data: ${JSON.stringify(event)}\n\n`)),
});

it.each([
  ['chat completions', whole('/v1/chat/completions', { service_tier: 'flex', choices: [] }), 'flex'],
  ['a chat stream', streamed('/v1/chat/completions', { service_tier: 'priority', choices: [] }), 'priority'],
  ['responses', whole('/v1/responses', { service_tier: 'default' }), 'default'],
  [
    'a stream of a response, whose last event knows what became of `auto`',
    streamed(
      '/v1/responses',
      { type: 'response.created', response: { service_tier: 'auto' } },
      { type: 'response.completed', response: { status: 'completed', service_tier: 'flex' } },
    ),
    'flex',
  ],
  ['messages', whole('/v1/messages', { type: 'message', usage: { service_tier: 'batch' } }), 'batch'],
  ['an answer that does not say', whole('/v1/messages', { type: 'message' }), undefined],
])('the class of service of %s is told', async (_, exchange, tier) => {
  const { calls } = await tell(exchange);
  expect(calls.map(({ serviceTier }) => serviceTier)).toEqual([tier]);
});

it('tokens written to a cache for an hour are told apart', async () => {
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
  };
  const { calls } = await tell(whole('/v1/messages', { type: 'message', usage }));
  expect(calls[0]?.usage).toEqual({ input: 40, output: 5, total: 45, cacheWrite: 30, cacheWriteHour: 20 });
});
