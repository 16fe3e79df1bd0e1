import { guarded } from '../../src/observe.ts';
import { type QueueReading, watchQueue } from '../../src/recorders/queues.ts';
import { eligibleAt } from './claims.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

const STATES = ['waiting', 'prioritized', 'active', 'delayed', 'waiting-children', 'paused', 'failed'] as const;

/** A queue object that can be asked. */
interface Asked extends QueueShape {
  readonly qualifiedName?: string;
  getJobCounts(...states: readonly string[]): Promise<Readonly<Record<string, number>>>;
  getJobs(states: readonly string[], start: number, end: number, ascending: boolean): Promise<readonly JobShape[]>;
}

/** Lets the poller ask the queues that this process has made, through the connections that they have. */
export function watchQueues({ Queue, QueueBase }: Library, patches: Patches): void {
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
            return queue === undefined ? [] : read(queue);
          },
        });
      });
    }
    return call();
  });
}

async function read(queue: Asked): Promise<QueueReading[]> {
  const counts = await queue.getJobCounts(...STATES);
  const oldestAgeMs = (counts.waiting ?? 0) > 0 ? await oldestAge(queue) : undefined;
  return STATES.flatMap((state) => {
    const count = counts[state];
    if (count === undefined) return [];
    return [{ state: state.replace('-', '_'), count, ...(state === 'waiting' && { oldestAgeMs }) }];
  });
}

/** The next job to run; the oldest one, where no job goes before its turn. */
async function oldestAge(queue: Asked): Promise<number | undefined> {
  const [job] = await queue.getJobs(['waiting'], 0, 0, true);
  const since = job && eligibleAt(job, (job.attemptsStarted ?? job.attemptsMade) + 1);
  return since === undefined ? undefined : Date.now() - since;
}
