import { type Context, context, trace } from '@opentelemetry/api';
import { IdTable, type Tabled } from '../../src/id-table.ts';
import { hookFailed, isObserved } from '../../src/observe.ts';
import { type JobEnd, jobs, type RunningJob } from '../../src/recorders/jobs.ts';
import { recordOrchestratorError, recordStall } from '../../src/recorders/orchestrators.ts';
import { outOfSpan } from '../../src/recorders/tracer.ts';
import { type Listed, Roster } from '../../src/roster.ts';
import { createStamps } from '../../src/stamp.ts';
import { databaseOf, HOOK, type Job, keyOf, type SharedOptions, SYSTEM } from './library.ts';
import { place } from './origins.ts';
import { hasStalled, timesOf } from './times.ts';

/** A lock that is older counts as that of a dead worker. */
const LOCK_MS = 4 * 3_600_000;

interface Run extends Listed, Tabled {
  readonly job: Job;
  readonly pool: unknown;
  readonly options: SharedOptions;
  readonly running: RunningJob;
  readonly startedAt: number;
  /** Its key was given to another job: this one will not be tried again. */
  isReplaced: boolean;
  /** Undefined until it is known how it ended. */
  isFailed: boolean | undefined;
  error: unknown;
  durationMs: number;
}

const runs = new Roster<Run>();
/** By the object of the job, which is the same one in all events and in the hands of its task. */
const runsOfJobs = createStamps<Run | undefined>();
/** Of a run that its sender need not find. */
const NO_KEY = '';
/** The last run of each job that runs, by its key, for its sender; only of those with a span. */
const byKey = new IdTable<Run>();
const fetchedAt = createStamps<number>();
let hasLocalQueue = false;

/** The context in which the task of a job should run. */
export function contextOf(job: unknown): Context | undefined {
  return typeof job === 'object' && job !== null ? runsOfJobs.get(job)?.running.context : undefined;
}

/** A job with this key was added; one that runs with the same key is no longer what it was. */
export function replaceKey(options: SharedOptions, key: unknown): void {
  const here = databaseOf(options);
  for (const run of runs) {
    if (run.job.key === key && databaseOf(run.options) === here) run.isReplaced = true;
  }
}

/** The run of a job that has begun, by its key. */
export function runOf(key: string): Context | undefined {
  return byKey.get(key)?.running.context;
}

/** Nobody is told any more how those end that run now. */
export function giveUpRuns(): void {
  for (const run of [...runs]) {
    forget(run);
    run.running.discard();
  }
}

function forget(run: Run): void {
  runs.delete(run);
  if (runsOfJobs.get(run.job) === run) runsOfJobs.set(run.job, undefined);
  byKey.delete(run);
}

const observed = new WeakSet<object>();

/** Follows the events of a worker pool: every attempt from its start to its end, and the faults of the pool. */
export function observeEvents(options: SharedOptions, isActive: () => boolean): void {
  const { events } = options;
  if (typeof events?.on !== 'function' || observed.has(events)) return;
  observed.add(events);
  const on = <Payload>(name: string, listener: (payload: Payload) => void): void => {
    events.on(name, (payload: Payload) => {
      try {
        if (isActive()) listener(payload);
      } catch (error) {
        hookFailed(HOOK, error);
      }
    });
  };
  on<{ jobs: Job[] }>('localQueue:getJobs:complete', ({ jobs: fetched }) => {
    hasLocalQueue = true;
    for (const job of fetched) fetchedAt.set(job, performance.now());
  });
  on<JobEvent>('job:start', (event) => start(event.ctx ?? options, event));
  on<JobEvent>('job:success', ({ job }) => note(job, false));
  on<JobEvent>('job:error', ({ job, error, batchJobErrors }) => note(job, true, errorOf(error, batchJobErrors)));
  on<JobEvent>('job:complete', ({ job }) => finish(runsOfJobs.get(job)));
  on<WorkerEvent>('worker:fatalError', ({ worker, error }) => {
    fault('worker', error);
    // It could not write what became of its job.
    for (const run of [...runs]) if (run.job === worker?.getActiveJob?.()) finish(run, { final: 'unknown' });
  });
  const giveUp = ({ workerPool }: PoolEvent) => {
    for (const run of [...runs]) if (run.pool === workerPool) abandon(run);
  };
  on<PoolEvent>('pool:forcefulShutdown:complete', giveUp);
  on<PoolEvent>('pool:forcefulShutdown:error', (event) => {
    fault('pool', event.error);
    giveUp(event);
  });
  on<PoolEvent>('pool:gracefulShutdown:error', ({ error, workerPool }) => {
    // It also fails when it is cut short.
    if (workerPool?._forcefulShuttingDown !== true) fault('pool', error);
  });
  on<PoolEvent>('pool:fatalError', ({ error }) => fault('pool', error));
  on<PoolEvent>('pool:listen:error', ({ error }) => fault('listener', error));
  on<PoolEvent>('resetLocked:failure', ({ error }) => fault('supervisor', error));
  on<WorkerEvent>('worker:getJob:error', ({ error }) => fault('worker', error));
}

interface JobEvent {
  /** Absent in 0.16. */
  readonly ctx?: SharedOptions;
  readonly worker: { readonly workerPool?: unknown };
  readonly job: Job;
  readonly error?: unknown;
  readonly batchJobErrors?: unknown[];
}

interface WorkerEvent {
  readonly worker?: { readonly getActiveJob?: () => unknown };
  readonly error: unknown;
}

interface PoolEvent {
  readonly workerPool?: { readonly _forcefulShuttingDown?: boolean };
  readonly error?: unknown;
}

function start(options: SharedOptions, { worker, job }: JobEvent): void {
  if (!isObserved()) return;
  const name = job.task_identifier;
  if (hasStalled(job)) recordStall({ system: SYSTEM, name, reason: 'lock_lost' });
  // A local queue claims more jobs than there are workers: they wait there, too.
  const fetched = hasLocalQueue ? fetchedAt.get(job) : undefined;
  const heldMs = fetched === undefined ? 0 : performance.now() - fetched;
  const { ageMs, waitMs } = timesOf(job, options);
  // What is active here is inherited from the call that started the workers, which is no job's parent.
  const base = outOfSpan(context.active());
  const placed = place(options, job, base);
  const running = jobs.start({
    system: SYSTEM,
    name,
    id: job.id,
    attempt: job.attempts,
    // Both ends by the database's clock: the age of the job is carried over, not its time of creation.
    createdAt: ageMs === undefined ? undefined : Date.now() - ageMs - heldMs,
    waitMs: waitMs === undefined ? undefined : waitMs + heldMs,
    context: placed?.context ?? base,
    links: placed?.links,
  });
  const pool = worker.workerPool;
  const run: Run = {
    job,
    id: trace.getSpan(running.context) === undefined ? NO_KEY : keyOf(options, job.id),
    next: undefined,
    pool,
    options,
    running,
    startedAt: performance.now(),
    isReplaced: false,
    isFailed: undefined,
    error: undefined,
    durationMs: 0,
    place: 0,
  };
  runs.add(run);
  runsOfJobs.set(job, run);
  if (run.id !== NO_KEY) byKey.add(run);
}

function note(job: Job, isFailed: boolean, error?: unknown): void {
  const run = runsOfJobs.get(job);
  if (run === undefined) return;
  run.isFailed = isFailed;
  run.error = error;
  run.durationMs = performance.now() - run.startedAt;
}

function finish(run: Run | undefined, end: JobEnd = {}): void {
  if (run === undefined) return;
  forget(run);
  const { job, running, isFailed, error, durationMs } = run;
  if (isFailed === undefined) return running.discard();
  // By then the lock was not ours any more, and the job was run again.
  const final = end.final ?? (durationMs > LOCK_MS ? 'unknown' : undefined);
  if (isFailed)
    running.fail(error, { durationMs, final: final ?? (job.attempts >= job.max_attempts || run.isReplaced) });
  else running.end({ durationMs, final });
}

/** A pool that is shut down by force fails the jobs whose tasks still run. */
function abandon(run: Run): void {
  forget(run);
  const final = run.job.attempts >= run.job.max_attempts;
  run.running.fail({ code: 'shutdown' }, { result: 'cancellation', final });
}

/** A batch of which some fail has an error of graphile-worker's own: the class of theirs, if there is but one, says more. */
function errorOf(error: unknown, [first, ...others]: unknown[] = []): unknown {
  const alike = others.every((other) => Object.getPrototypeOf(Object(other)) === Object.getPrototypeOf(Object(first)));
  return first !== undefined && alike ? first : error;
}

function fault(component: string, error: unknown): void {
  recordOrchestratorError({ system: SYSTEM, component }, error);
}
