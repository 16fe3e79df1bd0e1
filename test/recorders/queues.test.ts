import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { QueueSize } from '../../src/observations.ts';
import { startQueuePoller, watchQueue } from '../../src/recorders/queues.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  recording = startRecording();
  stop = startQueuePoller(100);
});
afterEach(() => {
  stop();
  recording.stop();
  vi.useRealTimers();
});

const counts = () =>
  recording.observations.filter((each): each is QueueSize => each.kind === 'queue_size').map(({ count }) => count);

function source(queue: string, read: () => Promise<number>) {
  let isOpen = true;
  watchQueue({
    system: 'test',
    queue,
    isOpen: () => isOpen,
    read: async () => [{ state: 'waiting', count: await read() }],
  });
  return () => {
    isOpen = false;
  };
}

it('asks one of the objects that stand for a queue, and none that does not answer again', async () => {
  const first = vi.fn(async () => 1);
  const second = vi.fn(() => new Promise<number>(() => {}));
  const closeFirst = source('one', first);
  const closeSecond = source('one', second);
  await vi.advanceTimersByTimeAsync(1000);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  closeSecond();
  await vi.advanceTimersByTimeAsync(200);
  expect(counts(), 'the one that was closed while it was asked is not waited for').toEqual([1, 1]);
  closeFirst();
  await vi.advanceTimersByTimeAsync(200);
  expect(counts()).toEqual([1, 1]);
});

it('counts what it could not read, and asks again', async () => {
  let isBroken = true;
  const close = source('broken', async () => {
    if (isBroken) throw new RangeError('no');
    return 2;
  });
  await vi.advanceTimersByTimeAsync(200);
  expect(recording.observations).toMatchObject([
    { kind: 'orchestrator_error', system: 'test', queue: 'broken', component: 'poller', errorType: 'RangeError' },
    { kind: 'orchestrator_error' },
  ]);
  isBroken = false;
  await vi.advanceTimersByTimeAsync(100);
  expect(counts()).toEqual([2]);
  close();
});

it('goes on with other queues where one throws, answers nonsense or cannot tell whether it is open', async () => {
  const rejections = vi.fn();
  process.on('unhandledRejection', rejections);
  const nonsense = (queue: string, odd: object) =>
    watchQueue({ system: 'test', queue, isOpen: () => true, read: async () => [], ...odd });
  const thrower = () => {
    throw new RangeError('mine');
  };
  nonsense('throws', { read: thrower });
  nonsense('answers nonsense', { read: async () => 1 });
  nonsense('answers with a trap', {
    read: async () => [
      {
        state: 'waiting',
        get count() {
          return thrower();
        },
      },
    ],
  });
  nonsense('hides', { isOpen: thrower });
  const close = source('last', async () => 3);
  await vi.advanceTimersByTimeAsync(300);
  close();
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', rejections);
  expect(rejections).not.toHaveBeenCalled();
  expect(counts().filter((count) => count === 3)).toHaveLength(3);
  expect(recording.dropped).toContain('hook_failed');
});
