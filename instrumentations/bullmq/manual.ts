import { isObserved } from '../../src/observe.ts';
import { settle } from '../../src/recorders/settle.ts';
import { type Claim, claimOf, dropClaim, endRun, failRun, startRun, takeClaim } from './claims.ts';
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
    for (const name of ['moveToCompleted', 'moveToFailed', 'moveToDelayed', 'moveToWait', 'moveToWaitingChildren']) {
      const settled = (job: JobShape, _: unknown[], call: () => unknown) => {
        const claim = claimOf(job);
        if (claim === undefined) return call();
        return settle(call, {
          // A job without open children is not moved.
          done: (moved) => moved !== false && this.#settled(claim),
          failed() {},
          unobservable() {},
        });
      };
      patches.method(Job, name, settled, (job: JobShape) => {
        if (this.#open.size === 0) return false;
        const claim = claimOf(job);
        return claim !== undefined && this.#open.has(claim);
      });
    }
  }

  /** Its lock ran out, and it belongs to another run. */
  stalled(worker: QueueShape, id: unknown): void {
    for (const [claim, taker] of this.#open) {
      if (taker.name !== worker.name || claim.job.id !== id) continue;
      this.#forget(claim);
      failRun(claim, { code: 'claim_lost' }, { result: 'error', final: 'unknown' });
    }
  }

  /** Nobody will settle the jobs of a worker that has gone. */
  closed(worker: QueueShape): void {
    for (const [claim, taker] of this.#open) {
      if (taker !== worker) continue;
      this.#forget(claim);
      claim.run?.discard();
    }
  }

  stop(): void {
    for (const claim of this.#open.keys()) {
      this.#forget(claim);
      claim.run?.discard();
    }
  }

  #take(worker: QueueShape, job: JobShape): void {
    const claim = takeClaim(job);
    startRun(worker, claim);
    this.#open.set(claim, worker);
    if (this.#open.size <= MAX_OPEN) return;
    for (const oldest of this.#open.keys()) {
      this.#forget(oldest);
      oldest.run?.discard();
      return;
    }
  }

  /** What has not ended as completed or failed was put back. */
  #settled(claim: Claim): void {
    this.#forget(claim);
    if (!claim.isSettled) endRun(claim, { result: 'skip', final: false });
  }

  #forget(claim: Claim): void {
    this.#open.delete(claim);
    dropClaim(claim);
  }
}
