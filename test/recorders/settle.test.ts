import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMockProvider } from '../../examples/mock-provider/index.ts';
import { jobs, modelCalls, operations } from '../../src/index.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

/** As the promise of an SDK: asking for the value reads a body, once for each time that it is asked. */
class BodyPromise<T> extends Promise<T> {
  reads = 0;
  // biome-ignore lint/suspicious/noThenProperty: the SDKs do it
  override then<A, B>(...handlers: Parameters<Promise<T>['then']>): Promise<A | B> {
    this.reads++;
    return super.then(...handlers) as Promise<A | B>;
  }
}

const kinds = () => recording.observations.map(({ kind }) => kind);

describe("the promise of an SDK's own", () => {
  it('is handed back itself and read as often as the application reads it', async () => {
    const promise = new BodyPromise<string>((resolve) => resolve('answer'));
    const returned = jobs.run('job', () => promise);
    expect(returned).toBe(promise);
    expect(promise.reads).toBe(0);
    await expect((async () => await returned)()).resolves.toBe('answer');
    expect(promise.reads).toBe(1);
    expect(Object.hasOwn(promise, 'then')).toBe(false);
    expect(recording.observations).toMatchObject([{ kind: 'job_run', result: 'success' }]);
  });

  it('hands its very error on, and says that it failed', async () => {
    const error = new RangeError('mine');
    const run = async () => operations.run('work', () => new BodyPromise((_, reject) => reject(error)));
    await expect(run()).rejects.toBe(error);
    expect(recording.observations).toMatchObject([{ kind: 'operation', errorType: 'RangeError' }]);
  });

  it('ends the job, the step and the call around it', async () => {
    const answer = { usage: { input: 3, output: 4 } };
    await jobs.run('job', (job) =>
      job.step('ask', () =>
        modelCalls.run(
          { provider: 'openai' },
          () => new BodyPromise<typeof answer>((resolve) => setTimeout(resolve, 5, answer)),
          (value) => value,
        ),
      ),
    );
    expect(kinds()).toEqual(['model_call', 'job_step', 'job_run']);
    expect(recording.observations[0]).toMatchObject({ usage: { input: 3, output: 4, total: 7 } });
    expect(recording.running.size).toBe(0);
  });

  it('tells no duration when the application asks for the value later than it came', async () => {
    const promise = operations.run('work', () => jobs.run('job', () => new BodyPromise((resolve) => resolve(1))));
    await delay(20);
    expect(recording.dropped).toEqual(['unobservable', 'unobservable']);
    expect(await promise).toBe(1);
    expect(Object.hasOwn(promise, 'then')).toBe(false);
    expect(recording.observations).toEqual([]);
    expect(recording.running.size).toBe(0);
  });

  it('ends its call with the exchange that feeds it when the application does not ask for the value', async () => {
    modelCalls.run({ provider: 'openai' }, () => {
      modelCalls.attempt({ provider: 'openai' }).finish(undefined, { usage: { input: 1, output: 2 } });
      return new BodyPromise<never>(() => undefined);
    });
    await delay(20);
    expect(recording.observations).toMatchObject([{ kind: 'model_attempt' }, { usage: { total: 3 } }]);
  });

  it('may be frozen: then its end is unknown', async () => {
    const promise = Object.freeze(new BodyPromise<number>((resolve) => resolve(1)));
    expect(jobs.run('job', () => promise)).toBe(promise);
    await delay(20);
    expect(recording.dropped).toEqual(['unobservable']);
  });

  it('is measured for openai, and all of its methods still work', async () => {
    const mock = await startMockProvider();
    const client = new OpenAI({ apiKey: 'sk', baseURL: `${mock.url}/v1`, maxRetries: 0 });
    const ask = () =>
      jobs.run('job', () =>
        client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] }),
      );
    expect((await ask()).usage?.total_tokens).toBeGreaterThan(0);
    expect((await ask().withResponse()).data.id).toMatch(/^chatcmpl/);
    expect(await (await ask().asResponse()).json()).toHaveProperty('choices');
    expect(mock.requests).toHaveLength(3);
    await mock.close();
    expect(recording.running.size).toBe(0);
    // Each run has ended once, as a run or as one whose value was never asked for.
    expect(kinds().length).toBeGreaterThan(0);
    expect(kinds().length + recording.dropped.length).toBe(3);
  });
});

describe('a promise that is more than a promise', () => {
  it('is handed back with what an HTTP client has put on it', async () => {
    const request = Object.assign(Promise.resolve('answer'), { json: () => 'read' });
    const returned = jobs.run('job', () => request);
    expect(returned).toBe(request);
    expect(returned.json()).toBe('read');
    await delay(20);
    expect(Object.getOwnPropertyNames(request)).toEqual(['json']);
    expect(recording.running.size).toBe(0);
  });

  it('leaves no rejection behind that its own methods have handled', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const failed = Promise.reject(new RangeError('mine'));
      const request = Object.assign(failed, { json: async () => failed.catch(() => 'handled') });
      expect(await jobs.run('job', () => request).json()).toBe('handled');
      await delay(20);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('can still be cancelled, and its end is told', async () => {
    class Cancellable<T> extends Promise<T> {
      isCancelled = false;
      cancel(): void {
        this.isCancelled = true;
      }
    }
    const work = new Cancellable<string>((resolve) => setTimeout(resolve, 5, 'done'));
    const returned = jobs.run('job', () => work);
    returned.cancel();
    expect(work.isCancelled).toBe(true);
    await expect((async () => await returned)()).resolves.toBe('done');
    expect(recording.observations).toMatchObject([{ kind: 'job_run', result: 'success' }]);
  });
});

it('a handler that is no function is none, as with any promise', async () => {
  const promise = jobs.run('job', () => new BodyPromise<number>((resolve) => resolve(1)));
  await expect((promise.then as (handler: unknown) => Promise<unknown>)({})).resolves.toBe(1);
  const failing = jobs.run('job', () => new BodyPromise<number>((_, reject) => reject(new RangeError('mine'))));
  await expect((failing.then as (...handlers: unknown[]) => Promise<unknown>)(null, {})).rejects.toThrow('mine');
});
