import { context } from '@opentelemetry/api';
import { guarded, isObserved } from '../../src/observe.ts';
import { settle } from '../../src/recorders/settle.ts';
import { type Claim, claimOf, decideWithoutRun, endRun, failRun, rememberRetry, startRun } from './claims.ts';
import type { Manual } from './manual.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

const HOOK = 'the hook of bullmq';

/** Records the runs of jobs; false where the classes are not as expected. */
export function watchWorkers({ Worker, Job }: Library, patches: Patches, manual: Manual): boolean {
  const fits =
    // Around everything that a worker does for one job.
    patches.method(Worker, 'processJob', (worker: QueueShape, [job]: [JobShape], call) => process(worker, job, call)) &&
    // Around the handler alone.
    patches.method(Worker, 'callProcessJob', (worker: QueueShape, [job]: [JobShape], call) =>
      handle(worker, job, call),
    ) &&
    patches.method(Job, 'moveToCompleted', (job: JobShape, _: unknown[], call) =>
      settle(call, { done: () => complete(job, manual), failed: ignore, unobservable: ignore }),
    ) &&
    patches.method(Job, 'moveToFailed', (job: JobShape, [error]: [unknown], call) => {
      const claim = claimOf(job);
      return settle(call, { done: () => fail(claim, error, manual), failed: ignore, unobservable: ignore });
    });
  if (!fits) return false;
  patches.method(Job, 'shouldRetryJob', (job: JobShape, _: unknown[], call) =>
    settle(call, {
      done: (decision) => {
        const [willRetry, delayMs] = decision as [boolean, number | undefined];
        if (willRetry) claimOf(job).retryAt = Date.now() + (delayMs ?? 0);
      },
      failed: ignore,
      unobservable: ignore,
    }),
  );
  return true;
}

function ignore(): void {}

function process(worker: QueueShape, job: JobShape, call: () => unknown): unknown {
  if (!isObserved()) return call();
  const claim = claimOf(job);
  const over = () => giveUp(worker, claim);
  return settle(call, { done: over, failed: over, unobservable: over });
}

function handle(worker: QueueShape, job: JobShape, call: () => unknown): unknown {
  let claim: Claim | undefined;
  guarded(HOOK, () => {
    if (!isObserved()) return;
    claim = claimOf(job);
    startRun(worker, claim);
  });
  const run = claim?.run;
  if (claim === undefined || run === undefined) return call();
  const handled = claim;
  const startedAt = performance.now();
  const returned = (error?: unknown): void => {
    handled.handled = { durationMs: performance.now() - startedAt, error };
  };
  // BullMQ awaits what the handler returns: `then` of a lazy query is called once, as without us.
  return context.with(run.context, () =>
    settle(() => Promise.resolve(call()), {
      done: () => returned(),
      failed: returned,
      unobservable: () => returned(),
    }),
  );
}

function complete(job: JobShape, manual: Manual): void {
  const claim = claimOf(job);
  manual.settled(claim);
  endRun(claim);
}

function fail(claim: Claim, error: unknown, manual: Manual): void {
  claim.settled = true;
  manual.settled(claim);
  rememberRetry(claim);
  if (claim.run === undefined) decideWithoutRun(claim, error);
  else failRun(claim, error);
}

const PUT_BACK = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError']);
const RATE_LIMITED = 'bullmq:rateLimitExceeded';

/** Ends a run that the broker was not told of; a run that has ended already stays as it is. */
function giveUp(worker: QueueShape, claim: Claim): void {
  const error = claim.handled?.error as { name?: unknown; message?: unknown } | undefined;
  const isPutBack = PUT_BACK.has(error?.name as string) || error?.message === RATE_LIMITED;
  if (isPutBack) endRun(claim, { result: 'skip', final: false });
  else if (worker.closing) failRun(claim, { code: 'worker_closed' }, { result: 'cancellation', final: 'unknown' });
  // Its lock ran out: by now it belongs to another run.
  else failRun(claim, { code: 'claim_lost' }, { result: 'error', final: 'unknown' });
}
