import { guarded } from '../../src/observe.ts';
import { readError } from '../../src/recorders/failures.ts';
import { recordOrchestratorError, recordStall } from '../../src/recorders/orchestrators.ts';
import { claimOf, complete, decideWithoutRun, fail } from './claims.ts';
import type { Manual } from './manual.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library, QueueShape } from './shapes.ts';

/** Errors travel from a scheduler to its queue: each is counted where it is seen first. */
const seen = new WeakSet<object>();

/** Records stalls, faults, and jobs that were decided without a run. */
export function watchEvents(library: Library, patches: Patches, manual: Manual): boolean {
  const { QueueBase, FlowProducer, Worker } = library;
  const isWorker = (self: object): boolean => Worker !== undefined && self instanceof Worker;
  patches.before(FlowProducer, 'emit', (_: object, [event, error]: unknown[]) => {
    if (event === 'error') guarded('the hook of bullmq', () => fault('flow_producer', undefined, error));
  });
  return patches.before(QueueBase, 'emit', (self: QueueShape, args: unknown[]) => {
    const first = args[1];
    switch (args[0]) {
      case 'error':
        guarded('the hook of bullmq', () => fault(componentOf(library, self), self.name, first));
        break;
      case 'stalled':
        if (isWorker(self)) guarded('the hook of bullmq', () => stalled(self, first, manual));
        break;
      case 'completed':
        if (isWorker(self)) guarded('the hook of bullmq', () => completed(first as JobShape));
        break;
      case 'failed':
        if (isWorker(self)) guarded('the hook of bullmq', () => failed(first as JobShape | undefined, args[2]));
        break;
      case 'closed':
        if (isWorker(self)) guarded('the hook of bullmq', () => manual.closed(self));
        break;
    }
  });
}

function fault(component: string, queue: string | undefined, error: unknown): void {
  if (typeof error === 'object' && error !== null) {
    if (seen.has(error)) return;
    seen.add(error);
  }
  recordOrchestratorError({ system: 'bullmq', queue, component }, error);
}

function componentOf({ Worker, JobScheduler, Repeat, QueueEvents }: Library, self: object): string {
  const is = (type: { prototype: object } | undefined): boolean =>
    type !== undefined && Object.prototype.isPrototypeOf.call(type.prototype, self);
  if (is(Worker)) return 'worker';
  if (is(JobScheduler) || is(Repeat)) return 'scheduler';
  return is(QueueEvents) ? 'events' : 'queue';
}

function stalled(worker: QueueShape, id: unknown, manual: Manual): void {
  recordStall({ system: 'bullmq', queue: worker.name, reason: 'lock_lost' });
  manual.stalled(worker, id);
}

function completed(job: JobShape): void {
  const claim = claimOf(job);
  if (claim !== undefined) complete(claim);
}

function failed(job: JobShape | undefined, error: unknown): void {
  if (job === undefined || job === null) return;
  const claim = claimOf(job);
  if (claim !== undefined) return fail(claim, error);
  // Early versions fail a job that has stalled too often themselves.
  if (readError(error, 'message') === 'job stalled more than allowable limit')
    decideWithoutRun({ job, createdAt: undefined }, error);
}
