import { setTimeout as delay } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelAttempt, ModelCall } from '../../src/index.ts';
import { jobs, modelCalls, operations, queries } from '../../src/index.ts';
import { type RunningRequest, requests } from '../../src/recorders/requests.ts';
import { startSubmission } from '../../src/recorders/submissions.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = (): ModelCall[] => recording.observations.filter((o) => o.kind === 'model_call');
const attempts = (): ModelAttempt[] => recording.observations.filter((o) => o.kind === 'model_attempt');
const OUTER = { provider: 'my_gateway', model: 'best' };
const OPENAI = { provider: 'openai', model: 'gpt-4o' };
const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet' };
const OVERLOADED = { outcome: 'error', errorType: 'overloaded_error' } as const;
const ABORTED = { outcome: 'aborted', errorType: 'aborted' } as const;

describe('layers inside of one call', () => {
  it('add up when they lie side by side', async () => {
    await modelCalls.run(OUTER, async () => {
      const [first, second] = [modelCalls.start(OPENAI), modelCalls.start(CLAUDE)];
      first.end({ usage: { input: 10, output: 1 } });
      second.end({ usage: { input: 20, output: 2 } });
    });
    expect(calls()).toMatchObject([{ provider: 'my_gateway', usage: { input: 30, output: 3, total: 33 } }]);
    expect(recording.spans()).toHaveLength(1);
  });

  it('count once when they lie inside each other, and the wire below them', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, () =>
      modelCalls.run(
        OPENAI,
        () =>
          modelCalls.run(
            OPENAI,
            async () =>
              modelCalls.attempt(OPENAI).finish(undefined, { usage: { ...usage, reasoning: 3 }, statusCode: 200 }),
            () => ({ usage }),
          ),
        () => ({ usage }),
      ),
    );
    expect(calls()).toMatchObject([{ usage: { input: 10, output: 4, total: 14, reasoning: 3 }, attempts: 1 }]);
  });

  it('leave usage unknown when one of them has not told its own', async () => {
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
      modelCalls.start(CLAUDE).end();
    });
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
      modelCalls.start(CLAUDE);
    });
    expect(calls().map(({ usage }) => usage)).toEqual([undefined, undefined]);
  });

  it('are left out when they failed without an answer', async () => {
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(CLAUDE).fail(new Error('refused'));
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
    });
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 11 } }]);
  });

  it('take the exchange beside them for theirs when nothing happens in their own context', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, async () => {
      const layer = modelCalls.start(OPENAI);
      modelCalls.attempt(OPENAI).finish(undefined, { usage, statusCode: 200 });
      layer.end({ usage });
    });
    expect(calls()).toMatchObject([{ usage: { total: 14 } }]);
  });

  it('leave usage unknown when the exchange beside them could be any one of theirs', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, async () => {
      const layers = [modelCalls.start(OPENAI), modelCalls.start(CLAUDE)];
      modelCalls.attempt(OPENAI).finish(undefined, { usage, statusCode: 200 });
      for (const layer of layers) layer.end({ usage });
    });
    await modelCalls.run(OUTER, async () => {
      const layer = modelCalls.start(OPENAI);
      modelCalls.attempt(CLAUDE).finish(undefined, { usage, statusCode: 200 });
      modelCalls.attempt({ ...OPENAI, context: layer.context }).finish(undefined, { usage, statusCode: 200 });
      layer.end({ usage });
    });
    expect(calls().map((call) => call.usage)).toEqual([undefined, undefined]);
  });

  it('hand a stream on, which adds its usage when it has ended', async () => {
    async function* stream() {}
    let exchange: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, () =>
      modelCalls.run(OPENAI, async () => {
        exchange = modelCalls.attempt({ ...OPENAI, streaming: true });
        return stream();
      }),
    );
    expect(calls()).toEqual([]);
    exchange?.finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    expect(calls()).toMatchObject([{ outcome: 'success', streaming: true, usage: { total: 3 } }]);
  });
});

describe('an exchange that outlives the work of its call', () => {
  it('decides nothing when the work did not hand back a stream', async () => {
    let loser: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, async () => {
      loser = modelCalls.attempt(CLAUDE);
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
      return { text: 'first' };
    });
    expect(recording.running.size).toBe(0);
    await delay(20);
    loser?.finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', attempts: 2, usage: { total: 3 } }]);
    expect(calls()[0]?.durationMs).toBeLessThan(15);
  });

  it('leaves usage unknown when its provider had begun to answer', async () => {
    let loser: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, async () => {
      loser = modelCalls.attempt(CLAUDE);
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    });
    loser?.finish(ABORTED, { statusCode: 200 });
    expect(calls()[0]).toMatchObject({ outcome: 'success' });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('leaves the stream that was handed back to be judged by its own end', async () => {
    let winner: ReturnType<typeof modelCalls.attempt> | undefined;
    let loser: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, async () => {
      [winner, loser] = [modelCalls.attempt(OPENAI), modelCalls.attempt(CLAUDE)];
      return { data: new ReadableStream() };
    });
    winner?.finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    loser?.finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 3 } }]);
  });

  it.each([
    ['a response', () => new Response('x')],
    ['a response beside its data', () => ({ data: {}, response: new Response('x') })],
    ['a list of streams', () => [new ReadableStream()]],
    ['an emitter', () => ({ on: () => undefined })],
  ])('decides when the work handed back %s', async (_, made) => {
    let exchange: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, async () => {
      exchange = modelCalls.attempt(OPENAI);
      return made();
    });
    exchange?.finish(OVERLOADED, { statusCode: 200 });
    expect(calls()).toMatchObject([OVERLOADED]);
  });

  it('names the failure of the work more exactly, though it ends later', async () => {
    let exchange: ReturnType<typeof modelCalls.attempt> | undefined;
    const work = modelCalls.run(OUTER, async () => {
      exchange = modelCalls.attempt(OPENAI);
      throw new Error('529');
    });
    await expect(work).rejects.toThrow('529');
    exchange?.finish(OVERLOADED, { statusCode: 529 });
    expect(calls()).toMatchObject([OVERLOADED]);
  });

  it('calls no getter of what was handed back', async () => {
    const read: string[] = [];
    const touchy = (name: string) => ({
      get: () => {
        read.push(name);
      },
      enumerable: true,
    });
    const result = Object.defineProperties({}, { body: touchy('body'), on: touchy('on'), text: touchy('text') });
    expect(await modelCalls.run(OUTER, async () => result)).toBe(result);
    expect(read).toEqual([]);
  });
});

describe('a request that is still waiting to be sent when its call ends', () => {
  it('belongs to that call all the same', async () => {
    let seat: ReturnType<typeof modelCalls.seat>;
    await modelCalls.run(OUTER, async () => {
      seat = modelCalls.seat(context.active());
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 } });
    });
    expect(calls()).toEqual([]);
    modelCalls.attempt(CLAUDE, seat).finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', attempts: 2, usage: { total: 3 } }]);
    expect(attempts()).toHaveLength(2);
  });
});

describe('what follows a failure inside of one call', () => {
  const failed = (details: typeof OPENAI) => modelCalls.attempt(details).finish(OVERLOADED, { statusCode: 529 });
  const answered = (details: typeof OPENAI) => modelCalls.attempt(details).finish(undefined, { statusCode: 200 });
  const chains = () =>
    calls().map(({ fallbacks }) => fallbacks?.map(({ from, to }) => [from.requestModel, to.requestModel]));

  it('is a retry when it asks the same model, with the time in between', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      await delay(30);
      answered(OPENAI);
    });
    expect(attempts()).toMatchObject([{ number: 0 }, { number: 1, retryOf: 'overloaded_error' }]);
    expect(attempts()[0]?.backoffMs).toBeUndefined();
    expect(attempts()[1]?.backoffMs).toBeGreaterThan(20);
    expect(chains()).toEqual([[]]);
  });

  it('is a fallback when it asks another model or provider', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      failed({ ...OPENAI, model: 'gpt-4o-mini' });
      answered({ ...CLAUDE, model: 'gpt-4o-mini' });
    });
    expect(attempts().map(({ retryOf, backoffMs }) => [retryOf, backoffMs])).toEqual(
      Array(3).fill([undefined, undefined]),
    );
    expect(calls()[0]?.fallbacks).toMatchObject([
      { from: { provider: 'openai', requestModel: 'gpt-4o' }, to: { provider: 'openai', requestModel: 'gpt-4o-mini' } },
      { from: { provider: 'openai' }, to: { provider: 'anthropic' } },
    ]);
  });

  it('is told of layers as of exchanges, each turn once', async () => {
    const layer = (details: typeof OPENAI, exchange?: (details: typeof OPENAI) => void) =>
      modelCalls
        .run(details, async () => {
          exchange?.(details);
          if (exchange !== answered) throw new Error('failed');
        })
        .catch(() => undefined);
    await modelCalls.run(OUTER, async () => {
      await layer(OPENAI, failed);
      await layer(CLAUDE);
      await layer({ ...CLAUDE, model: 'claude-haiku' }, answered);
    });
    expect(chains()).toEqual([
      [
        ['gpt-4o', 'claude-sonnet'],
        ['claude-sonnet', 'claude-haiku'],
      ],
    ]);
  });

  it('is neither while something else is still running', async () => {
    await modelCalls.run(OUTER, async () => {
      const slow = modelCalls.attempt(OPENAI);
      failed(OPENAI);
      answered(CLAUDE);
      slow.finish(undefined, { statusCode: 200 });
    });
    expect(attempts().map(({ retryOf }) => retryOf)).toEqual([undefined, undefined, undefined]);
    expect(chains()).toEqual([[]]);
  });

  it('is neither after an answer', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      answered(OPENAI);
      answered(CLAUDE);
    });
    expect(attempts().map(({ retryOf }) => retryOf)).toEqual([undefined, 'overloaded_error', undefined]);
    expect(chains()).toEqual([[]]);
  });

  it('is kept thirty-two times, and counted beyond', async () => {
    await modelCalls.run(OUTER, async () => {
      for (let turn = 0; turn < 40; turn++) failed({ ...OPENAI, model: `m${turn}` });
    });
    expect(calls()[0]?.fallbacks).toHaveLength(32);
    expect(recording.dropped).toEqual(Array(7).fill('series_limit'));
  });
});

describe('an application that waits no longer', () => {
  it('is told apart from what its provider had said before', async () => {
    for (const name of ['AbortError', 'TimeoutError']) {
      const work = async () => {
        modelCalls.attempt(OPENAI).finish(OVERLOADED, { statusCode: 529 });
        throw new DOMException('x', name);
      };
      await modelCalls.run(OUTER, work).catch(() => undefined);
    }
    expect(calls().map(({ outcome }) => outcome)).toEqual(['aborted', 'timeout']);
  });
});

describe('what the application does wrong', () => {
  it('costs the span when its span processor throws, and never the work', () => {
    trace.disable();
    const onEnd = (): never => {
      throw new Error('exporter');
    };
    const processor = { onStart() {}, onEnd, forceFlush: async () => undefined, shutdown: async () => undefined };
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
    modelCalls.start(OPENAI).end();
    const job = jobs.start({ name: 'job' });
    job.startStep('step').end();
    job.startStep('step').discard();
    job.end();
    jobs.start({ name: 'job' }).discard();
    operations.run('work', () => undefined);
    queries.run({}, () => undefined);
    const request = (): RunningRequest | undefined => requests.start({ method: 'GET', identity: {} }, {});
    request()?.end({ statusCode: 200 });
    request()?.discard();
    startSubmission({ system: 'mine', jobs: [{ queue: undefined, name: 'job' }] }).discard();
    expect(recording.observations.map(({ kind }) => kind)).toEqual([
      'model_call',
      'job_step',
      'job_run',
      'operation',
      'db_query',
      'http_request',
    ]);
    expect(recording.dropped.filter((reason) => reason === 'hook_failed')).toHaveLength(10);
  });

  it.each([
    ['operations.run', (name: never) => operations.run(name, () => 42)],
    ['jobs.run', (name: never) => jobs.run(name, () => 42)],
    ['jobs.run with details', (name: never) => jobs.run({ name }, () => 42)],
    ['jobs.step', (name: never) => jobs.step(name, () => 42)],
    ['modelCalls.run', (provider: never) => modelCalls.run({ provider }, () => 42)],
    ['modelCalls.run without details', (details: never) => modelCalls.run(details, () => 42)],
  ])('is counted when %s is given no name, and the work runs', (_, run) => {
    for (const name of [undefined, null, '', 7, {}]) expect(run(name as never)).toBe(42);
    expect(recording.dropped).toEqual(Array(5).fill('invalid_value'));
    expect(recording.observations).toEqual([]);
    expect(recording.running.size).toBe(0);
  });

  it('is counted when a model is no name, and the call is recorded without it', () => {
    modelCalls.start({ ...OPENAI, model: 7 as never, operation: {} as never }).end();
    expect(calls()[0]).toMatchObject({ operation: 'chat', requestModel: undefined });
    expect(recording.dropped).toEqual(['invalid_value', 'invalid_value']);
  });

  it('is no class of error when a getter of its error throws', () => {
    const error = Object.defineProperty(new Error('x'), 'code', {
      get() {
        throw new Error('getter');
      },
    });
    modelCalls.start(OPENAI).fail(error);
    expect(calls()[0]).toMatchObject({ outcome: 'error', errorType: '_OTHER' });
  });
});
