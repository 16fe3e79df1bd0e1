import { AsyncResource } from 'node:async_hooks';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelAttempt, ModelCall } from '../../src/index.ts';
import { jobs, modelCalls, operations } from '../../src/index.ts';
import { ChunkTimes } from '../../src/recorders/chunk-times.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = (): ModelCall[] => recording.observations.filter((o) => o.kind === 'model_call');
const attempts = (): ModelAttempt[] => recording.observations.filter((o) => o.kind === 'model_attempt');
const DETAILS = { provider: 'openai', model: 'gpt-4o' };
function chunksAt(...times: number[]): ChunkTimes {
  const chunks = new ChunkTimes();
  for (const time of times) chunks.arrived(time);
  return chunks;
}
const RATE_LIMIT = { outcome: 'error', errorType: 'rate_limit_exceeded' } as const;

describe('modelCalls.start', () => {
  it('records one call with what the caller tells', () => {
    const call = modelCalls.start({ ...DETAILS, streaming: true, serverAddress: 'api.openai.com', serverPort: 443 });
    call.chunk();
    call.chunk();
    call.end({
      model: 'gpt-4o-2024',
      id: 'id-1',
      finishReasons: ['stop'],
      usage: { input: 10, output: 5, cacheRead: 4 },
    });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatchObject({
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024',
      responseId: 'id-1',
      finishReasons: ['stop'],
      outcome: 'success',
      usage: { input: 10, output: 5, total: 15, cacheRead: 4 },
      attempts: 1,
    });
    const [call0] = calls();
    expect(call0?.timeToFirstChunkMs).toBeGreaterThanOrEqual(0);
    expect(call0?.durationMs).toBeGreaterThanOrEqual(call0?.timeToFirstChunkMs ?? 0);
    expect(Object.isFrozen(call0)).toBe(true);
    expect(recording.running.size).toBe(0);
  });

  it('ends once, whatever is called afterwards', () => {
    const call = modelCalls.start(DETAILS);
    call.fail(new Error('boom'));
    call.end();
    call.fail(new Error('again'));
    expect(calls()).toHaveLength(1);
    expect(calls()[0]?.outcome).toBe('error');
    expect(recording.spans()).toHaveLength(1);
  });

  it('leaves out token counts that cannot be and counts them', () => {
    modelCalls.start(DETAILS).end({ usage: { input: -1, output: Number.NaN } });
    modelCalls.start(DETAILS).end({ usage: { input: 5, cacheRead: 9 } });
    modelCalls.start(DETAILS).end();
    expect(calls().map((call) => call.usage)).toEqual([undefined, { input: 5 }, undefined]);
    expect(recording.dropped).toEqual(['invalid_value', 'invalid_value', 'invalid_value']);
  });

  it.each([
    [new DOMException('x', 'AbortError'), 'aborted', 'aborted'],
    [new DOMException('x', 'TimeoutError'), 'timeout', 'timeout'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'error', 'ECONNREFUSED'],
    [new RangeError('secret text'), 'error', 'RangeError'],
    [Object.assign(new Error('x'), { code: 'no spaces allowed here' }), 'error', 'Error'],
  ])('classifies %s', (error, outcome, errorType) => {
    modelCalls.start(DETAILS).fail(error);
    expect(calls()[0]).toMatchObject({ outcome, errorType });
    expect(recording.spans()[0]?.attributes['error.type']).toBe(errorType);
    expect(recording.spans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
    expect(JSON.stringify(recording.spans()[0]?.attributes)).not.toContain('secret');
  });

  it('does nothing and keeps nothing when nobody listens', () => {
    recording.stop();
    const call = modelCalls.start(DETAILS);
    call.end({ usage: { input: 1 } });
    expect(calls()).toEqual([]);
    expect(modelCalls.start(DETAILS)).toBe(call);
  });
});

describe('modelCalls.run', () => {
  it('hands back the result, and the very error', async () => {
    const error = new Error('mine');
    expect(modelCalls.run(DETAILS, () => 42)).toBe(42);
    await expect(modelCalls.run(DETAILS, async () => 'later')).resolves.toBe('later');
    await expect(modelCalls.run(DETAILS, () => Promise.reject(error))).rejects.toBe(error);
    expect(() =>
      modelCalls.run(DETAILS, () => {
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
        DETAILS,
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
    await modelCalls.run(DETAILS, async () => {
      attempt = modelCalls.attempt({ ...DETAILS, streaming: true });
      return stream();
    });
    expect(calls()).toHaveLength(0);
    attempt?.finish({ outcome: 'aborted', errorType: 'aborted' }, {});
    expect(calls()[0]).toMatchObject({ outcome: 'aborted', streaming: true });
  });

  it('fails with a stream that failed before it was handed back, but not with an attempt that gave no stream', async () => {
    async function* stream() {}
    for (const statusCode of [200, 503]) {
      await modelCalls.run(DETAILS, async () => {
        modelCalls.attempt(DETAILS).finish({ outcome: 'error', errorType: 'overloaded_error' }, { statusCode });
        return stream();
      });
    }
    expect(calls().map(({ errorType }) => errorType)).toEqual(['overloaded_error', undefined]);
  });

  it('leaves what is handed back at once and asks later to the exchange that is seen then', async () => {
    const result = modelCalls.run({ provider: 'gateway' }, () => ({
      ask: async () => modelCalls.attempt(DETAILS).finish(undefined, { usage: { input: 1, output: 2 } }),
    }));
    await result.ask();
    expect(calls()).toMatchObject([{ provider: 'openai', outcome: 'success', usage: { total: 3 } }]);
  });

  it('hands its span on to what asks in its context after it was given up, and to that alone', async () => {
    let ask: (() => void) | undefined;
    modelCalls.run({ provider: 'gateway' }, () => {
      ask = AsyncResource.bind(() => {
        const [first, second] = [modelCalls.attempt(DETAILS), modelCalls.attempt({ ...DETAILS, model: 'gpt-5' })];
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
      modelCalls.run(DETAILS, () => ({}));
      vi.advanceTimersByTime(60_000);
      expect(recording.spans()).toHaveLength(1);
      expect(recording.spans()[0]?.attributes['gaugeway.outcome']).toBeUndefined();
      expect(recording.spans()[0]?.duration[0]).toBe(0);
      for (let count = 0; count < 1100; count++) modelCalls.run(DETAILS, () => ({}));
      expect(recording.spans().length).toBeGreaterThan(100);
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes an answer that is there at once when it tells its usage', () => {
    modelCalls.run(
      DETAILS,
      () => 'local',
      () => ({ usage: { input: 1, output: 2 } }),
    );
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 3 } }]);
  });

  it('reports no duration for a stream that it cannot see', async () => {
    async function* stream() {}
    await modelCalls.run(DETAILS, async () => stream());
    expect(calls()).toEqual([]);
    expect(recording.dropped).toEqual(['unobservable']);
    expect(recording.running.size).toBe(0);
  });
});

describe('a tracer that throws', () => {
  it('costs the span, not the work', async () => {
    trace.disable();
    const startSpan = (): never => {
      throw new Error('sampler');
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: startSpan }) });
    const all = () => jobs.run('job', () => operations.run('work', () => modelCalls.run(DETAILS, async () => 7)));
    expect(await all()).toBe(7);
    expect(recording.observations.map(({ kind }) => kind)).toEqual(['model_call', 'operation', 'job_run']);
    expect(recording.dropped).toEqual(['hook_failed', 'hook_failed', 'hook_failed']);
  });
});

describe('attempts', () => {
  it('are a call of their own without one around them', () => {
    modelCalls.attempt(DETAILS).finish(RATE_LIMIT, { statusCode: 429 });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatchObject({ ...RATE_LIMIT, attempts: 1 });
    expect(attempts()[0]).toMatchObject({ ...RATE_LIMIT, statusCode: 429, number: 0 });
  });

  it('belong to the one call around them, with one span', async () => {
    await modelCalls.run({ provider: 'my_gateway', model: 'best' }, async () => {
      modelCalls.attempt(DETAILS).finish(RATE_LIMIT, { statusCode: 429 });
      modelCalls.attempt(DETAILS).finish(undefined, { model: 'gpt-4o-2024', usage: { input: 3, output: 4 } });
    });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatchObject({
      provider: 'my_gateway',
      requestModel: 'best',
      responseModel: 'gpt-4o-2024',
      usage: { input: 3, output: 4, total: 7 },
      outcome: 'success',
      attempts: 2,
    });
    expect(attempts().map(({ number, retryOf }) => ({ number, retryOf }))).toEqual([
      { number: 0, retryOf: undefined },
      { number: 1, retryOf: 'rate_limit_exceeded' },
    ]);
    expect(recording.spans()).toHaveLength(1);
  });

  it('name the failure of their call more exactly than the error that an SDK made of it', async () => {
    await modelCalls
      .run(DETAILS, async () => {
        modelCalls.attempt(DETAILS).finish(RATE_LIMIT, {});
        throw new Error('429');
      })
      .catch(() => undefined);
    expect(calls()[0]).toMatchObject(RATE_LIMIT);
  });

  it('leave usage unknown when one that succeeded did not tell it', async () => {
    await modelCalls.run(DETAILS, async () => {
      modelCalls.attempt(DETAILS).finish(undefined, { usage: { input: 3, output: 4 } });
      modelCalls.attempt(DETAILS).finish(undefined, {});
    });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('leave usage unknown when one failed after its provider had begun to answer', async () => {
    await modelCalls.run(DETAILS, async () => {
      modelCalls.attempt(DETAILS).finish({ outcome: 'error', errorType: 'UND_ERR_SOCKET' }, { statusCode: 200 });
      modelCalls.attempt(DETAILS).finish(undefined, { usage: { input: 3, output: 4 }, statusCode: 200 });
    });
    expect(calls()[0]).toMatchObject({ outcome: 'success', attempts: 2 });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('add the details that the caller does not tell, unless the caller contradicts them', async () => {
    for (const usage of [{ total: 7 }, { input: 4, output: 4 }]) {
      await modelCalls.run(
        DETAILS,
        async () => modelCalls.attempt(DETAILS).finish(undefined, { usage: { input: 3, output: 4, cacheRead: 2 } }),
        () => ({ usage }),
      );
    }
    expect(calls().map((call) => call.usage)).toEqual([
      { input: 3, output: 4, total: 7, cacheRead: 2 },
      { input: 4, output: 4, total: 8 },
    ]);
  });

  it('give the first chunk of all, whichever of them ends first', async () => {
    const now = performance.now();
    await modelCalls.run(DETAILS, async () => {
      const [early, late] = [modelCalls.attempt(DETAILS), modelCalls.attempt(DETAILS)];
      late.finish(undefined, {}, chunksAt(now + 200));
      early.finish(undefined, {}, chunksAt(now + 10));
    });
    expect(calls()[0]?.timeToFirstChunkMs).toBeLessThan(100);
  });

  it('have a span of their own in the context of a call that was given up', async () => {
    async function* stream() {}
    let late = ROOT_CONTEXT;
    await modelCalls.run(DETAILS, async (call) => {
      late = call.context;
      return stream();
    });
    modelCalls.attempt({ ...DETAILS, context: late }).finish(undefined, { usage: { input: 3, output: 4 } });
    expect(recording.spans().map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual([undefined, 3]);
  });

  it('share one call through explicit layers', async () => {
    await modelCalls.run({ provider: 'outer', model: 'm' }, () =>
      modelCalls.run({ provider: 'inner', model: 'x' }, async (inner) => {
        modelCalls.attempt(DETAILS).finish(undefined, {});
        inner.end({ usage: { input: 1, output: 1 } });
      }),
    );
    expect(calls()).toHaveLength(1);
    expect(calls()[0]?.provider).toBe('outer');
    expect(recording.spans()).toHaveLength(1);
  });

  it('make no second span under one that already is the call', () => {
    const span = trace.getTracer('sdk').startSpan('x', { attributes: { 'gen_ai.operation.name': 'chat' } });
    modelCalls.attempt({ ...DETAILS, context: trace.setSpan(ROOT_CONTEXT, span) }).finish(undefined, {});
    span.end();
    expect(recording.spans().map(({ name }) => name)).toEqual(['x']);
    expect(calls()).toHaveLength(1);
  });
});
