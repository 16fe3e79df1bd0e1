import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import type { GatewayRequest, ModelCall } from '../../src/observations.ts';
import { Inbound, withInbound } from '../../src/recorders/inbound.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

function told(): GatewayRequest[] {
  return recording.observations.filter((observation) => observation.kind === 'gateway_request');
}

/** An inbound request from 0 to 100 during which these exchanges were open. */
function upstreamOf(exchanges: readonly (readonly [from: number, to: number])[]): number | undefined {
  const inbound = new Inbound(0);
  for (const _ of exchanges) inbound.began();
  for (const [from, to] of exchanges) inbound.ended(from, to);
  inbound.finish('/chat', 100);
  return told().at(-1)?.upstreamMs;
}

it('the time spent waiting is the union of the exchanges, whatever the order in which they are told', () => {
  const milliseconds = fc.integer({ min: -20, max: 120 });
  const exchange = fc.tuple(milliseconds, milliseconds).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 40 }), (exchanges) => {
      const covered = new Set<number>();
      for (const [from, to] of exchanges)
        for (let ms = Math.max(0, from); ms < Math.min(100, to); ms++) covered.add(ms);
      expect(upstreamOf(exchanges)).toBe(covered.size);
    }),
  );
});

it('calls side by side are waited for once, and time before, between and after them is overhead', () => {
  expect(
    upstreamOf([
      [10, 50],
      [20, 60],
      [70, 80],
    ]),
  ).toBe(60);
  expect(told()).toMatchObject([{ route: '/chat', durationMs: 100, upstreamMs: 60 }]);
});

it('a request without a model call tells nothing', () => {
  new Inbound().finish('/health');
  expect(told()).toEqual([]);
});

it('an exchange whose end is told after the answer counts as far as the answer lasted', () => {
  const inbound = new Inbound(0);
  inbound.began();
  inbound.finish(undefined, 100);
  expect(told()).toEqual([]);
  inbound.ended(40, 250);
  expect(told()).toMatchObject([{ durationMs: 100, upstreamMs: 60 }]);
});

it('an answer that never was complete tells nothing', () => {
  const inbound = new Inbound(0);
  inbound.began();
  inbound.ended(1, 2);
  inbound.discard();
  inbound.finish('/chat', 100);
  expect(told()).toEqual([]);
});

it('more pieces than can be kept apart make the overhead unknown', () => {
  expect(upstreamOf(Array.from({ length: 257 }, (_, i) => [i / 4, i / 4 + 0.1] as const))).toBeUndefined();
});

it('a call without visible exchanges is waiting as a whole, one with exchanges is not between them', () => {
  const inbound = new Inbound(performance.now() - 1000);
  const context = withInbound(ROOT_CONTEXT, inbound);
  modelCalls.start({ provider: 'mine', context, startedAt: performance.now() - 900 }).end();
  const first = told();
  inbound.finish('/a');
  expect(first).toEqual([]);
  const [ended] = recording.observations.filter(({ kind }) => kind === 'model_call') as ModelCall[];
  expect(ended?.durationMs).toBeGreaterThanOrEqual(900);
  expect(told()[0]?.upstreamMs).toBeCloseTo(ended?.durationMs ?? 0);

  const other = new Inbound(performance.now() - 1000);
  const call = modelCalls.start({ provider: 'openai', context: withInbound(ROOT_CONTEXT, other) });
  const now = performance.now();
  const exchange = { provider: 'openai', context: call.context };
  const failed = { outcome: 'error', errorType: '503' } as const;
  modelCalls.attempt({ ...exchange, startedAt: now - 800 }).finish(failed, {}, undefined, now - 700);
  modelCalls.attempt({ ...exchange, startedAt: now - 300 }).finish(undefined, {}, undefined, now - 100);
  call.end();
  other.finish('/b');
  expect(told()[1]?.upstreamMs).toBeCloseTo(300);
});

it('a call that begins after the answer belongs to no request', () => {
  const inbound = new Inbound(0);
  const context = withInbound(ROOT_CONTEXT, inbound);
  inbound.finish('/a', 10);
  modelCalls.start({ provider: 'mine', context }).end();
  expect(told()).toEqual([]);
});
