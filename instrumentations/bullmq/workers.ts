import { context } from '@opentelemetry/api';
import { hookFailed, isObserved } from '../../src/observe.ts';
import { readError } from '../../src/recorders/failures.ts';
import { settle } from '../../src/recorders/settle.ts';
import {
  type Claim,
  claimOf,
  complete,
  decideRetry,
  dropClaim,
  endRun,
  fail,
  failRun,
  startRun,
  takeClaim,
} from './claims.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

const HOOK = 'the hook of bullmq';

/** Records the runs of jobs; false where the classes are not as expected. */
export function watchWorkers({ Worker, Job }: Library, patches: Patches): boolean {
  const fits =
    // Around everything that a worker does for one job.
    patches.method(Worker, 'processJob', (worker: QueueShape, args: [JobShape], call) =>
      process(worker, args[0], call, patches),
    ) &&
    // Around the handler alone.
    patches.method(Worker, 'callProcessJob', (worker: QueueShape, args: [JobShape], call) =>
      handle(worker, args[0], call),
    ) &&
    patches.method(
      Job,
      'moveToCompleted',
      (job: JobShape, _: unknown[], call) => byApplication(job, call, (claim) => complete(claim)),
      isByApplication,
    ) &&
    patches.method(
      Job,
      'moveToFailed',
      (job: JobShape, [error]: [unknown], call) => byApplication(job, call, (claim) => fail(claim, error)),
      isByApplication,
    );
  if (!fits) return false;
  patches.method(Job, 'shouldRetryJob', (job: JobShape, _: unknown[], call) => {
    const claim = claimOf(job);
    return claim === undefined ? call() : settle(call, { done: decided, failed: ignore, unobservable: ignore });
    function decided(decision: unknown): void {
      const [willRetry, delayMs] = decision as [boolean, number | undefined];
      if (willRetry && claim !== undefined) decideRetry(claim, Date.now() + (delayMs ?? 0));
    }
  });
  return true;
}

function ignore(): void {}

/** A worker settles a job once its handler has returned, and tells so by an event; before that, the application does. */
function isByApplication(job: JobShape): boolean {
  const claim = claimOf(job);
  return claim?.run !== undefined && claim.handledMs === undefined;
}

function byApplication(job: JobShape, call: () => unknown, settled: (claim: Claim) => void): unknown {
  const claim = claimOf(job);
  if (claim === undefined) return call();
  return settle(call, { done: () => settled(claim), failed: ignore, unobservable: ignore });
}

function process(worker: QueueShape, job: JobShape, call: () => unknown, patches: Patches): unknown {
  if (!isObserved()) return call();
  const claim = claimed(job);
  if (claim === undefined) return call();
  const over = () => giveUp(worker, claim, patches);
  return settle(call, { done: over, failed: over, unobservable: over });
}

function claimed(job: JobShape): Claim | undefined {
  try {
    return takeClaim(job);
  } catch (error) {
    hookFailed(HOOK, error);
    return undefined;
  }
}

function handle(worker: QueueShape, job: JobShape, call: () => unknown): unknown {
  const claim = claimOf(job);
  if (claim === undefined) return call();
  try {
    startRun(worker, claim);
  } catch (error) {
    hookFailed(HOOK, error);
  }
  if (claim.run === undefined) return call();
  claim.calling();
  // BullMQ awaits what the handler returns: `then` of a lazy query is called once, as without us.
  return context.with(claim.run.context, () => settle(() => Promise.resolve(call()), claim));
}

const PUT_BACK = new Set<unknown>(['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError']);
const RATE_LIMITED = 'bullmq:rateLimitExceeded';

/** Ends a run that the broker was not told of; a run that has ended already stays as it is. */
function giveUp(worker: QueueShape, claim: Claim, patches: Patches): void {
  dropClaim(claim);
  if (claim.isSettled) return;
  // Since the methods were put back, nobody has heard what the broker was told.
  if (!patches.isActive) return claim.run?.discard();
  const { error } = claim;
  const isPutBack = PUT_BACK.has(readError(error, 'name')) || readError(error, 'message') === RATE_LIMITED;
  if (isPutBack) endRun(claim, { result: 'skip', final: false });
  else if (worker.closing) failRun(claim, { code: 'worker_closed' }, { result: 'cancellation', final: 'unknown' });
  // Its lock ran out: by now it belongs to another run.
  else failRun(claim, { code: 'claim_lost' }, { result: 'error', final: 'unknown' });
}
