import { guarded, isObserved } from '../../src/observe.ts';
import { settle } from '../../src/recorders/settle.ts';
import { type Claim, claimOf, endRun, failRun, startRun } from './claims.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

/** Jobs that an application takes and never settles must not be kept for ever: beyond this many the oldest is given up. */
const MAX_OPEN = 1000;

/** Jobs that the application takes by `getNextJob` and settles itself. */
export class Manual {
  readonly #open = new Map<Claim, QueueShape>();

  watch({ Worker, Job }: Library, patches: Patches): void {
    patches.method(Worker, 'getNextJob', (worker: QueueShape, _: unknown[], call) =>
      settle(call, {
        done: (job) => job !== undefined && isObserved() && this.#take(worker, job as JobShape),
        failed() {},
        unobservable() {},
      }),
    );
    for (const name of ['moveToDelayed', 'moveToWait', 'moveToWaitingChildren']) {
      patches.method(Job, name, (job: JobShape, _: unknown[], call) =>
        settle(call, {
          // A job without open children is not moved.
          done: (moved) => moved !== false && this.#putBack(job),
          failed() {},
          unobservable() {},
        }),
      );
    }
  }

  settled(claim: Claim): void {
    this.#open.delete(claim);
  }

  /** Its lock ran out, and it belongs to another run. */
  stalled(worker: QueueShape, id: unknown): void {
    for (const [claim, taker] of this.#open) {
      if (taker.name !== worker.name || claim.job.id !== id) continue;
      this.#open.delete(claim);
      failRun(claim, { code: 'claim_lost' }, { result: 'error', final: 'unknown' });
    }
  }

  /** Nobody will settle the jobs of a worker that has gone. */
  closed(worker: QueueShape): void {
    for (const [claim, taker] of this.#open) {
      if (taker !== worker) continue;
      this.#open.delete(claim);
      claim.run?.discard();
    }
  }

  stop(): void {
    for (const claim of this.#open.keys()) claim.run?.discard();
    this.#open.clear();
  }

  #take(worker: QueueShape, job: JobShape): void {
    const claim = claimOf(job);
    startRun(worker, claim);
    this.#open.set(claim, worker);
    if (this.#open.size <= MAX_OPEN) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      oldest.run?.discard();
      return;
    }
  }

  #putBack(job: JobShape): void {
    const claim = claimOf(job);
    if (!this.#open.delete(claim)) return;
    guarded('the hook of bullmq', () => endRun(claim, { result: 'skip', final: false }));
  }
}
