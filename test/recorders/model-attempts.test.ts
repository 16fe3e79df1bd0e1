import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { ChunkTimes } from '../../src/recorders/chunk-times.ts';
import { OPENAI, OUTER } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');
const attempts = () => recording.told('model_attempt');
const RATE_LIMIT = { outcome: 'error', errorType: 'rate_limit_exceeded' } as const;
function chunksAt(...times: number[]): ChunkTimes {
  const chunks = new ChunkTimes();
  for (const time of times) chunks.arrived(time);
  return chunks;
}

describe('attempts', () => {
  it('are a call of their own without one around them', () => {
    modelCalls.attempt(OPENAI).finish(RATE_LIMIT, { statusCode: 429 });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatchObject({ ...RATE_LIMIT, attempts: 1 });
    expect(attempts()[0]).toMatchObject({ ...RATE_LIMIT, statusCode: 429, number: 0 });
  });

  it('belong to the one call around them, with one span', async () => {
    await modelCalls.run(OUTER, async () => {
      modelCalls.attempt(OPENAI).finish(RATE_LIMIT, { statusCode: 429 });
      modelCalls.attempt(OPENAI).finish(undefined, { model: 'gpt-4o-2024', usage: { input: 3, output: 4 } });
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
      .run(OPENAI, async () => {
        modelCalls.attempt(OPENAI).finish(RATE_LIMIT, {});
        throw new Error('429');
      })
      .catch(() => undefined);
    expect(calls()[0]).toMatchObject(RATE_LIMIT);
  });

  it('leave usage unknown when one that succeeded did not tell it', async () => {
    await modelCalls.run(OPENAI, async () => {
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 3, output: 4 } });
      modelCalls.attempt(OPENAI).finish(undefined, {});
    });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('leave usage unknown when one failed after its provider had begun to answer', async () => {
    await modelCalls.run(OPENAI, async () => {
      modelCalls.attempt(OPENAI).finish({ outcome: 'error', errorType: 'UND_ERR_SOCKET' }, { statusCode: 200 });
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 3, output: 4 }, statusCode: 200 });
    });
    expect(calls()[0]).toMatchObject({ outcome: 'success', attempts: 2 });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('add the details that the caller does not tell, unless the caller contradicts them', async () => {
    for (const usage of [{ total: 7 }, { input: 4, output: 4 }]) {
      await modelCalls.run(
        OPENAI,
        async () => modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 3, output: 4, cacheRead: 2 } }),
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
    await modelCalls.run(OPENAI, async () => {
      const [early, late] = [modelCalls.attempt(OPENAI), modelCalls.attempt(OPENAI)];
      late.finish(undefined, {}, chunksAt(now + 200));
      early.finish(undefined, {}, chunksAt(now + 10));
    });
    expect(calls()[0]?.timeToFirstChunkMs).toBeLessThan(100);
  });

  it('have a span of their own in the context of a call that was given up', async () => {
    async function* stream() {}
    let late = ROOT_CONTEXT;
    vi.useFakeTimers();
    try {
      await modelCalls.run(OPENAI, async (call) => {
        late = call.context;
        return stream();
      });
      // Until then they would take over the span of the call.
      vi.advanceTimersByTime(60_000);
      modelCalls.attempt({ ...OPENAI, context: late }).finish(undefined, { usage: { input: 3, output: 4 } });
      const tokens = recording.spans().map(({ attributes }) => attributes['gen_ai.usage.input_tokens']);
      expect(tokens).toEqual([undefined, 3]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('share one call through explicit layers', async () => {
    await modelCalls.run({ provider: 'outer', model: 'm' }, () =>
      modelCalls.run({ provider: 'inner', model: 'x' }, async (inner) => {
        modelCalls.attempt(OPENAI).finish(undefined, {});
        inner.end({ usage: { input: 1, output: 1 } });
      }),
    );
    expect(calls()).toHaveLength(1);
    expect(calls()[0]?.provider).toBe('outer');
    expect(recording.spans()).toHaveLength(1);
  });

  it('make no second span under one that already is the call', () => {
    const span = trace.getTracer('sdk').startSpan('x', { attributes: { 'gen_ai.operation.name': 'chat' } });
    modelCalls.attempt({ ...OPENAI, context: trace.setSpan(ROOT_CONTEXT, span) }).finish(undefined, {});
    span.end();
    expect(recording.spans().map(({ name }) => name)).toEqual(['x']);
    expect(calls()).toHaveLength(1);
  });
});
