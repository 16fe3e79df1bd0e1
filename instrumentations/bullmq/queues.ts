import { guarded } from '../../src/observe.ts';
import { type QueueReading, watchQueue } from '../../src/recorders/queues.ts';
import { eligibleAt } from './claims.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

const STATES = ['waiting', 'prioritized', 'active', 'delayed', 'waiting-children', 'paused', 'failed'] as const;

/** How many jobs may be added between counting and looking, at the end where the oldest is. */
const ADDED_MEANWHILE = 20;

/** A queue object that can be asked. */
interface Asked extends QueueShape {
  getBackend?(): unknown;
  getJobCounts(...states: readonly string[]): Promise<Readonly<Record<string, number>>>;
  getJobs(states: readonly string[], start: number, end: number, ascending: boolean): Promise<readonly JobShape[]>;
}

/** Lets the poller ask the queues that this process has made, through the connections that they have. */
export function watchQueues({ Queue, QueueBase, PostgresQueueBackend }: Library, patches: Patches): void {
  const known = new WeakSet<object>();
  // Every queue's constructor calls it.
  patches.method(QueueBase, 'waitUntilReady', (self: Asked, _: unknown[], call) => {
    if (Queue !== undefined && self instanceof Queue && !known.has(self)) {
      known.add(self);
      guarded('the hook of bullmq', () => {
        const ref = new WeakRef(self as Asked);
        watchQueue({
          system: 'bullmq',
          queue: self.name,
          isOpen() {
            const queue = ref.deref();
            return queue !== undefined && !queue.closing;
          },
          async read() {
            const queue = ref.deref();
            if (queue === undefined) return [];
            // On Postgres, waiting jobs come newest first, whatever order is asked for.
            return read(
              queue,
              PostgresQueueBackend !== undefined && queue.getBackend?.() instanceof PostgresQueueBackend,
            );
          },
        });
      });
    }
    return call();
  });
}

async function read(queue: Asked, isNewestFirst: boolean): Promise<QueueReading[]> {
  const counts = await queue.getJobCounts(...STATES);
  const waiting = counts.waiting ?? 0;
  const oldestAgeMs = waiting > 0 ? await oldestAge(queue, waiting, isNewestFirst) : undefined;
  return STATES.flatMap((state) => {
    const count = counts[state];
    if (count === undefined) return [];
    return [{ state: state.replace('-', '_'), count, ...(state === 'waiting' && { oldestAgeMs }) }];
  });
}

/** Of the next job to run: the oldest one, where no job goes before its turn. */
async function oldestAge(queue: Asked, count: number, isNewestFirst: boolean): Promise<number | undefined> {
  const [first, last] = isNewestFirst ? [count - 1, count - 1 + ADDED_MEANWHILE] : [0, 0];
  const jobs = await queue.getJobs(['waiting'], first, last, true);
  let next: JobShape | undefined;
  for (const job of jobs) if (next === undefined || job.timestamp < next.timestamp) next = job;
  const since = next && eligibleAt(next, (next.attemptsStarted ?? next.attemptsMade) + 1);
  return since === undefined ? undefined : Date.now() - since;
}
