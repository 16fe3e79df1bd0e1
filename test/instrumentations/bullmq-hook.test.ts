import * as library from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startQueuePoller } from '../../src/recorders/queues.ts';
import { Bed, type Broker, eventually, hook, LIBRARIES, runsOf, told } from '../fixtures/bullmq/bed.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

let recording: Recording;
let bed: Bed;
let restore: () => void;
const broker = (url = postgres.url): Broker => ({
  library: LIBRARIES[6],
  connection: { connectionString: url, migrate: true },
  backend: library.createPostgresBackend,
});
beforeEach(() => {
  recording = startRecording();
  bed = new Bed(broker());
  restore = () => undefined;
});
afterEach(async () => {
  await bed.close();
  restore();
  recording.stop();
});

const CLASSES = {
  QueueBase: library.QueueBase,
  Queue: library.Queue,
  Worker: library.Worker,
  Job: library.Job,
  JobScheduler: library.JobScheduler,
  FlowProducer: library.FlowProducer,
  ChildProcessor: library.ChildProcessor,
};
const descriptors = () =>
  Object.entries(CLASSES).flatMap(([name, { prototype }]) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([key, { value, ...flags }]) => ({
      key: `${name}.${key}`,
      value,
      flags,
    })),
  );

describe('the hook', () => {
  it('keeps what can be seen of a method, and restores every class exactly', () => {
    const before = descriptors();
    restore = hook(library, { queueGauges: true });
    const during = descriptors();
    const changed = during.filter(({ value }, index) => value !== before[index]?.value);
    expect(changed.length).toBeGreaterThan(15);
    for (const [index, { key, value, flags }] of during.entries()) {
      const original = before[index];
      expect({ key, flags, name: value?.name, length: value?.length }).toEqual({
        key: original?.key,
        flags: original?.flags,
        name: original?.value?.name,
        length: original?.value?.length,
      });
    }
    restore();
    restore();
    expect(descriptors()).toEqual(before);
    expect(descriptors().every(({ value }, index) => value === before[index]?.value)).toBe(true);
  });

  it('patches a copy once that it sees by two namespaces, of which one is read-only', async () => {
    restore = hook(library);
    const again = hook(Object.freeze({ ...library }));
    bed.worker(async () => {});
    await bed.queue().add('job', {});
    await runsOf(recording, bed.name, 1);
    await bed.close();
    expect(told(recording, 'job_run', bed.name)).toHaveLength(1);
    expect(told(recording, 'job_submission', bed.name)).toHaveLength(1);
    again();
  });

  it('does not say of a job that outlives it how it ended', async () => {
    restore = hook(library);
    let finish = (): void => undefined;
    const handled = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const worker = bed.worker(() => handled);
    const completed = new Promise((resolve) => worker.once('completed', resolve));
    await bed.queue().add('job', {});
    await eventually(() => recording.running.size === 1);
    restore();
    finish();
    await completed;
    await eventually(() => recording.running.size === 0);
    expect(told(recording, 'job_run', bed.name)).toEqual([]);
    expect(recording.dropped).toEqual(['unobservable']);
  });

  it('leaves a patch that came after its own, and rests under it', async () => {
    const original = library.Queue.prototype.add;
    restore = hook(library);
    const ours = library.Queue.prototype.add;
    const theirs = vi.fn(function (this: library.Queue, ...args: Parameters<library.Queue['add']>) {
      return ours.apply(this, args);
    });
    library.Queue.prototype.add = theirs as never;
    try {
      restore();
      expect(library.Queue.prototype.add).toBe(theirs);
      await bed.queue().add('job', {});
      expect(theirs).toHaveBeenCalledOnce();
      expect(recording.observations).toEqual([]);
    } finally {
      library.Queue.prototype.add = original;
    }
  });

  it('refuses a version without the expected methods, and leaves it as it was', () => {
    const warned = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    class QueueBase {
      emit() {}
    }
    class Job {
      moveToCompleted() {}
    }
    class Worker extends QueueBase {
      processJob() {}
    }
    const before = [QueueBase, Job, Worker].map(({ prototype }) => Object.getOwnPropertyDescriptors(prototype));
    expect(() => hook({ QueueBase, Job, Worker })()).not.toThrow();
    expect(() => hook({})()).not.toThrow();
    expect([QueueBase, Job, Worker].map(({ prototype }) => Object.getOwnPropertyDescriptors(prototype))).toEqual(
      before,
    );
    warned.mockRestore();
  });

  it('does nothing while nobody listens, and copes with what began before', async () => {
    recording.stop();
    restore = hook(library);
    let release: (() => void) | undefined;
    bed.worker(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    await bed.queue().add('job', {});
    await eventually(() => release);
    recording = startRecording();
    release?.();
    await bed.close();
    expect(recording.observations).toEqual([]);
    expect(recording.dropped).toEqual([]);
  });

  it('costs a job that it cannot read its record, and nothing else', async () => {
    restore = hook(library);
    let handled = 0;
    const queue = bed.queue();
    await queue.add('job', {});
    // BullMQ itself looks at this when it stores a job, and when one has failed.
    Object.defineProperty(library.Job.prototype, 'failedReason', {
      configurable: true,
      set() {},
      get() {
        throw new Error('mine');
      },
    });
    try {
      bed.worker(async () => ++handled);
      await eventually(async () => handled === 1 && (await queue.getCompletedCount()) === 1);
    } finally {
      Reflect.deleteProperty(library.Job.prototype, 'failedReason');
    }
    expect(told(recording, 'job_run', bed.name)).toEqual([]);
    expect(recording.dropped).toContain('hook_failed');
  });
});

describe('faults', () => {
  it('are counted without a listener of the application, to whom they look as before', () => {
    restore = hook(library);
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const error = Object.assign(new Error('gone'), { code: 'EPIPE' });
    const queue = bed.queue();
    queue.removeAllListeners('error');
    expect(queue.emit('error', error)).toBe(false);
    expect(said).toHaveBeenCalledWith(error);
    queue.emit('error', error);
    expect(told(recording, 'orchestrator_error')).toMatchObject([{ component: 'queue', errorType: 'EPIPE' }]);
    said.mockRestore();
  });

  it('refuse a submission with the error that the application gets', async () => {
    restore = hook(library);
    const refused = bed.queue().add('job', {}, { jobId: '0' });
    await expect(refused).rejects.toThrow(/JobId cannot be/);
    expect(told(recording, 'job_submission', bed.name)).toMatchObject([{ name: 'job', count: 1, errorType: 'Error' }]);
  });
});

describe('sizes', () => {
  it('that cannot be read are faults of the poller', async () => {
    restore = hook(library, { queueGauges: true });
    const queue = bed.queue();
    queue.getJobCounts = () => Promise.reject(new RangeError('no'));
    const stop = startQueuePoller(20);
    try {
      await eventually(() => told(recording, 'orchestrator_error', bed.name).length > 1);
      expect(told(recording, 'orchestrator_error', bed.name)[0]).toMatchObject({
        component: 'poller',
        errorType: 'RangeError',
      });
    } finally {
      stop();
    }
  });
});
