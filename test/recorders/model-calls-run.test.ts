import { AsyncResource } from 'node:async_hooks';
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { OPENAI } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');

describe('modelCalls.run', () => {
  it('hands back the result, and the very error', async () => {
    const error = new Error('mine');
    expect(modelCalls.run(OPENAI, () => 42)).toBe(42);
    await expect(modelCalls.run(OPENAI, async () => 'later')).resolves.toBe('later');
    await expect(modelCalls.run(OPENAI, () => Promise.reject(error))).rejects.toBe(error);
    expect(() =>
      modelCalls.run(OPENAI, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(calls().map((call) => call.outcome)).toEqual(['success', 'error', 'error']);
    // The first was no answer of a model: it came at once.
    expect(recording.dropped).toEqual(['unobservable']);
  });

  it('makes its span active for the work and a child of the active one', () => {
    const outer = trace.getTracer('app').startSpan('request');
    context.with(trace.setSpan(ROOT_CONTEXT, outer), () =>
      modelCalls.run(
        OPENAI,
        () => trace.getTracer('app').startSpan('inside').end(),
        () => ({ usage: { input: 1, output: 2 } }),
      ),
    );
    outer.end();
    const [inside, model] = recording.spans();
    expect(model).toMatchObject({ name: 'chat gpt-4o', kind: SpanKind.CLIENT });
    expect(model?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    expect(inside?.parentSpanContext?.spanId).toBe(model?.spanContext().spanId);
  });

  it('lasts until the stream that the work hands back has ended', async () => {
    async function* stream() {}
    let attempt: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OPENAI, async () => {
      attempt = modelCalls.attempt({ ...OPENAI, streaming: true });
      return stream();
    });
    expect(calls()).toHaveLength(0);
    attempt?.finish({ outcome: 'aborted', errorType: 'aborted' }, {});
    expect(calls()[0]).toMatchObject({ outcome: 'aborted', streaming: true });
  });

  it('fails with a stream that failed before it was handed back, but not with an attempt that gave no stream', async () => {
    async function* stream() {}
    for (const statusCode of [200, 503]) {
      await modelCalls.run(OPENAI, async () => {
        modelCalls.attempt(OPENAI).finish({ outcome: 'error', errorType: 'overloaded_error' }, { statusCode });
        return stream();
      });
    }
    expect(calls().map(({ errorType }) => errorType)).toEqual(['overloaded_error', undefined]);
  });

  it('leaves what is handed back at once and asks later to the exchange that is seen then', async () => {
    const result = modelCalls.run({ provider: 'gateway' }, () => ({
      ask: async () => modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 } }),
    }));
    await result.ask();
    expect(calls()).toMatchObject([{ provider: 'openai', outcome: 'success', usage: { total: 3 } }]);
  });

  it('hands its span on to what asks in its context after it was given up, and to that alone', async () => {
    let ask: (() => void) | undefined;
    modelCalls.run({ provider: 'gateway' }, () => {
      ask = AsyncResource.bind(() => {
        const [first, second] = [modelCalls.attempt(OPENAI), modelCalls.attempt({ ...OPENAI, model: 'gpt-5' })];
        first.finish(undefined, { usage: { input: 1, output: 2 } });
        second.finish(undefined, {});
      });
    });
    expect(recording.spans()).toEqual([]);
    ask?.();
    const [first, second] = recording.spans();
    expect(recording.spans()).toHaveLength(2);
    expect(first).toMatchObject({ name: 'chat gpt-4o', attributes: { 'gaugeway.outcome': 'success' } });
    expect(first?.attributes['gen_ai.provider.name']).toBe('openai');
    expect(second?.parentSpanContext?.spanId).toBe(first?.spanContext().spanId);
    expect(calls()).toHaveLength(2);
  });

  it('ends the span of what nobody asked, without saying how', () => {
    vi.useFakeTimers();
    try {
      modelCalls.run(OPENAI, () => ({}));
      vi.advanceTimersByTime(60_000);
      expect(recording.spans()).toHaveLength(1);
      expect(recording.spans()[0]?.attributes['gaugeway.outcome']).toBeUndefined();
      expect(recording.spans()[0]?.duration[0]).toBe(0);
      for (let count = 0; count < 1100; count++) modelCalls.run(OPENAI, () => ({}));
      expect(recording.spans().length).toBeGreaterThan(100);
    } finally {
      // Those that are left would stay for the tests that follow.
      vi.advanceTimersByTime(60_000);
      vi.useRealTimers();
    }
  });

  it('takes an answer that is there at once when it tells its usage', () => {
    modelCalls.run(
      OPENAI,
      () => 'local',
      () => ({ usage: { input: 1, output: 2 } }),
    );
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 3 } }]);
  });

  it('reports no duration for a stream that it cannot see', async () => {
    async function* stream() {}
    await modelCalls.run(OPENAI, async () => stream());
    expect(calls()).toEqual([]);
    expect(recording.dropped).toEqual(['unobservable']);
    expect(recording.running.size).toBe(0);
  });
});
