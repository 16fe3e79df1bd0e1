import { context, trace } from '@opentelemetry/api';
import type { Job } from 'pg-boss';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeLibrary, handed, hook, JOB, runsOf, startBoss } from '../fixtures/pg-boss/boss.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

/** What a handler can see of its arguments; identifiers and times differ from job to job. */
function seen(self: unknown, args: unknown[]) {
  const [batch] = args as [Job[]];
  return {
    self,
    count: args.length,
    isArray: Array.isArray(batch),
    // The database returns the jobs of a batch in no order.
    jobs: [...batch]
      .sort((a, b) => JSON.stringify(a.data).localeCompare(JSON.stringify(b.data)))
      .map((job) => ({
        keys: Reflect.ownKeys(job),
        prototype: Object.getPrototypeOf(job) === Object.prototype,
        descriptors: Object.values(Object.getOwnPropertyDescriptors(job)).map(({ value, ...flags }) => flags),
        values: Object.entries(job).map(([key, value]) =>
          value instanceof AbortSignal
            ? { aborted: value.aborted }
            : key === 'id' || value instanceof Date
              ? Object.prototype.toString.call(value)
              : value,
        ),
      })),
  };
}

describe('a handler', () => {
  it.each([
    { title: 'without options', options: undefined },
    { title: 'of a batch', options: { batchSize: 2 } },
    { title: 'that asks for metadata', options: { includeMetadata: true } },
    { title: 'that refuses metadata', options: { includeMetadata: false } },
  ])('$title sees the same jobs with and without us', async ({ options }) => {
    const database = await startBoss();
    const views: unknown[] = [];
    const outputs: unknown[] = [];
    try {
      for (const hooked of [false, true]) {
        const restore = hooked ? hook() : undefined;
        const boss = await database.another();
        await boss.createQueue('same');
        for (const text of ['x', 'y'])
          await boss.send('same', { text }, { group: { id: 'g' }, priority: text === 'x' ? 1 : 0 });
        const view: unknown[] = [];
        function handler(this: unknown, ...args: unknown[]) {
          view.push(seen(this, args));
          return Promise.resolve({ answer: 42 });
        }
        await (options === undefined ? boss.work('same', handler) : boss.work('same', options, handler));
        const size = options !== undefined && 'batchSize' in options ? 1 : 2;
        await expect
          .poll(
            () => {
              for (const { id } of boss.getWipData()) boss.notifyWorker(id);
              return view.length;
            },
            { timeout: 5000 },
          )
          .toBe(size);
        await boss.offWork('same');
        views.push(view);
        outputs.push((await boss.findJobs('same')).map(({ output, state }) => ({ output, state })));
        restore?.();
        await boss.deleteQueue('same');
        await boss.stop({ graceful: false, close: false });
      }
      expect(views[1]).toEqual(views[0]);
      expect(outputs[1]).toEqual(outputs[0]);
      expect(await runsOf(recording, 'same', 2)).toHaveLength(2);
    } finally {
      await database.stop();
    }
  });
});

describe('pg-boss', () => {
  it('gets the options, and nothing but the wish for metadata with them', () => {
    const { calls, boss, restore } = fakeLibrary();
    const options = Object.freeze({ batchSize: 3 });
    const handler = Object.assign((_jobs: unknown, _tx: unknown) => {}, { mark: 1 });
    expect(boss.work('q', options, handler)).toBe('worker 1');
    expect(calls[0]).toEqual([boss.manager, 'q', { batchSize: 3, includeMetadata: true }, expect.any(Function)]);
    const { length, name, mark } = handed(calls) as unknown as typeof handler;
    expect({ length, name, mark }).toEqual({ length: 2, name: handler.name, mark: 1 });
    restore?.();
  });

  it.each([
    ['no handler', ['q']],
    ['a handler that is none', ['q', {}, 'text']],
    ['options that are none', ['q', 'text', () => {}]],
    ['a wish for metadata that it refuses', ['q', { includeMetadata: 'yes' }, () => {}]],
    ['no queue', [undefined, () => {}]],
    [
      'options that cannot be read',
      [
        'q',
        {
          get batchSize() {
            throw new Error('unreadable');
          },
        },
        () => {},
      ],
    ],
  ])('gets arguments it will refuse as they are: %s', (_, args) => {
    const { calls, boss, restore } = fakeLibrary();
    boss.work(...args);
    expect(calls[0]?.length).toBe(args.length + 1);
    for (const [index, argument] of args.entries()) expect(calls[0]?.[index + 1]).toBe(argument);
    restore?.();
  });

  it('gets the same error, this and arguments, thrown or rejected', async () => {
    const error = new Error('mine');
    const self = {};
    const tx = {};
    const batch = [{ ...JOB }];
    for (const fail of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      const { calls, boss, restore } = fakeLibrary();
      const received: unknown[] = [];
      boss.work('q', function (this: unknown, ...args: unknown[]) {
        received.push(this, ...args);
        return fail();
      });
      const outcome = await new Promise((resolve) => {
        try {
          (handed(calls).call(self, batch, tx) as Promise<unknown>).then(resolve, resolve);
        } catch (thrown) {
          resolve(thrown);
        }
      });
      expect(outcome).toBe(error);
      expect(received[0]).toBe(self);
      expect(received[1]).toBe(batch);
      expect(received[2]).toBe(tx);
      restore?.();
    }
    expect(await runsOf(recording, 'q', 2)).toHaveLength(2);
  });

  it('gets the same result from a lazy query, which runs once', async () => {
    const { calls, boss, restore } = fakeLibrary();
    let runs = 0;
    const rows = [{}];
    boss.work('q', () => ({
      // biome-ignore lint/suspicious/noThenProperty: query builders run when they are awaited.
      then(resolve: (value: unknown) => void) {
        runs++;
        resolve(rows);
      },
    }));
    expect(await handed(calls)([{ ...JOB }])).toBe(rows);
    expect(runs).toBe(1);
    expect(await runsOf(recording, 'q', 1)).toHaveLength(1);
    restore?.();
  });

  it('calls the handler all the same when measuring fails', async () => {
    const { calls, boss, restore } = fakeLibrary();
    boss.work('q', async () => 'done');
    const batch = [
      {
        get id() {
          throw new Error('unreadable');
        },
      },
    ];
    expect(await handed(calls)(batch)).toBe('done');
    expect(recording.dropped).toContain('hook_failed');
    restore?.();
  });

  it('with a span of its own around the handler keeps that one: metrics only', async () => {
    const { calls, boss, restore } = fakeLibrary();
    boss.work('q', async () => trace.getTracer('test').startSpan('inside').end());
    const theirs = trace.getTracer('pg-boss').startSpan('process q');
    await context.with(trace.setSpan(context.active(), theirs), () => handed(calls)([{ ...JOB }]));
    theirs.end();
    const [run] = await runsOf(recording, 'q', 1);
    expect(run).toMatchObject({ result: 'success' });
    expect(recording.spans().map(({ name }) => name)).toEqual(['inside', 'process q']);
    expect(recording.spans()[0]?.parentSpanContext?.spanId).toBe(theirs.spanContext().spanId);
    restore?.();
  });
});
