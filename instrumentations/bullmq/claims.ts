import { context, trace } from '@opentelemetry/api';
import { readError } from '../../src/recorders/failures.ts';
import { type JobEnd, jobs, type RunningJob } from '../../src/recorders/jobs.ts';
import { recordDecision } from '../../src/recorders/orchestrators.ts';
import { Recent } from '../../src/recorders/recent.ts';
import { createStamps } from '../../src/stamp.ts';
import { type Note, place, readMetadata } from './metadata.ts';
import { hasOwnTelemetry, type JobShape, type QueueShape } from './shapes.ts';

/** What is known of a job since a worker of this process took it; told of its handler's end. */
export class Claim {
  readonly job: JobShape;
  readonly createdAt: number | undefined;
  /** Undefined until its handler is called; for some jobs it never is. */
  run: RunningJob | undefined = undefined;
  /** How long the handler took, once it has returned; the broker hears of it later. */
  handledMs: number | undefined = undefined;
  /** What the handler threw. */
  error: unknown = undefined;
  /** True once the broker knows how the run ended. */
  isSettled = false;
  /** When it may run again, once BullMQ has decided that it will. */
  retryAt: number | undefined = undefined;
  #startedAt = 0;

  constructor(job: JobShape) {
    this.job = job;
    // Before anything happens to it here: a failure changes what tells.
    this.createdAt = createdAt(job);
  }

  calling(): void {
    this.#startedAt = performance.now();
  }

  done(): void {
    this.handledMs = performance.now() - this.#startedAt;
  }

  failed(error: unknown): void {
    this.error = error;
    this.done();
  }

  unobservable(): void {
    this.done();
  }
}

/**
 * By the job's object, as BullMQ hands the same one to its handler and to the methods that settle it, from the time when
 * a worker has it until it lets it go.
 */
const claims = createStamps<Claim | undefined>();

export function takeClaim(job: JobShape): Claim {
  const claim = new Claim(job);
  claims.set(job, claim);
  return claim;
}

export function claimOf(job: JobShape): Claim | undefined {
  return typeof job === 'object' && job !== null ? claims.get(job) : undefined;
}

export function dropClaim({ job }: Claim): void {
  claims.set(job, undefined);
}

interface Retry {
  readonly run: number;
  readonly eligibleAt: number;
}

/** BullMQ keeps no trace of when a retry could begin, so what this process decided it remembers: a bounded number. */
const retries = new Recent<Retry>(10_000);

function keyOf(job: JobShape): string {
  return `${job.queueQualifiedName ?? job.queueName} ${job.id}`;
}

function rememberRetry({ job, retryAt }: Claim): void {
  const key = keyOf(job);
  if (retryAt === undefined) return retries.delete(key);
  // A later run may have failed before this one is told of.
  if ((retries.get(key)?.eligibleAt ?? 0) > retryAt) return;
  // Its number of started runs is that of the run which failed.
  retries.set(key, { run: (job.attemptsStarted || job.attemptsMade) + 1, eligibleAt: retryAt });
}

/** BullMQ will run the job again. Remembered before the broker hears of it: another worker may have it before we hear that it did. */
export function decideRetry(claim: Claim, eligibleAt: number): void {
  claim.retryAt = eligibleAt;
  rememberRetry(claim);
}

/** Starts the run of a job. */
export function startRun(worker: QueueShape, claim: Claim): RunningJob {
  const { job } = claim;
  const { carrier, note } = readMetadata(job.opts.telemetry?.metadata);
  const isOwn = hasOwnTelemetry(worker);
  // The loop that calls the handler inherits whatever was active where the worker was made.
  const placed = isOwn ? undefined : place(job, carrier, note);
  claim.run = jobs.start({
    system: 'bullmq',
    queue: worker.name,
    name: job.name,
    id: job.id,
    attempt: attemptOf(job),
    createdAt: claim.createdAt,
    waitMs: waitMs(job, note),
    span: !isOwn,
    context: placed === undefined ? context.active() : placed.context,
    links: placed?.links,
  });
  return claim.run;
}

/** Records that a job was decided without a run of its own. */
export function decideWithoutRun({ job, createdAt: created }: Pick<Claim, 'job' | 'createdAt'>, error: unknown): void {
  recordDecision(
    {
      system: 'bullmq',
      queue: job.queueName,
      name: job.name,
      id: job.id,
      result: 'failure',
      totalMs: created === undefined ? undefined : Date.now() - created,
    },
    reasonOf(error),
  );
}

/** BullMQ gives its own reasons as text only. */
function reasonOf(error: unknown): unknown {
  const message = readError(error, 'message');
  if (typeof message !== 'string') return error;
  if (message.startsWith('job stalled more than')) return { code: 'stalled' };
  if (message.startsWith('job started more than')) return { code: 'started_too_often' };
  return /^child \S+ failed$/.test(message) ? { code: 'child_failed' } : error;
}

export function endRun(claim: Claim, end: JobEnd = {}): void {
  const { result, final } = end;
  claim.run?.end({ result, final, durationMs: claim.handledMs });
}

export function failRun(claim: Claim, error: unknown, end: JobEnd = {}): void {
  const { result, final = claim.retryAt === undefined } = end;
  claim.run?.fail(error, { result, final, durationMs: claim.handledMs });
}

/** The job was completed. */
export function complete(claim: Claim): void {
  claim.isSettled = true;
  endRun(claim);
}

/** The job failed, for good or to be tried again. */
export function fail(claim: Claim, error: unknown): void {
  claim.isSettled = true;
  rememberRetry(claim);
  if (claim.run === undefined) decideWithoutRun(claim, error);
  else failRun(claim, error);
}

/** 1 for the first run; a run that stalled counts. */
function attemptOf(job: JobShape): number {
  return job.attemptsStarted || job.attemptsMade + 1;
}

/** A scheduler makes a job long before its time: such a job begins when it is due. */
function createdAt(job: JobShape): number | undefined {
  // It has been decided before, and runs again because somebody wants it to.
  if (job.attemptsMade >= (job.opts.attempts || 1) || (job.attemptsMade === 0 && job.failedReason)) return undefined;
  return job.repeatJobKey === undefined ? job.timestamp : job.timestamp + (job.opts.delay ?? 0);
}

/** The nodes of a flow get such an id unless the application gives one; other jobs are numbered. */
const FLOW_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Since when the given run of a job could begin; undefined where nothing tells. */
export function eligibleAt(job: JobShape, run: number, note = noteOf(job)): number | undefined {
  if (run > 1) {
    const retry = retries.get(keyOf(job));
    return retry?.run === run ? retry.eligibleAt : undefined;
  }
  if (note?.flow === 'parent') return undefined;
  // Sent by somebody who tells nothing: it may be the parent of a flow.
  if (note?.flow === undefined && FLOW_ID.test(job.id ?? '')) return undefined;
  return job.timestamp + (job.opts.delay ?? 0);
}

function waitMs(job: JobShape, note: Note | undefined): number | undefined {
  const since = eligibleAt(job, attemptOf(job), note);
  if (since === undefined || job.processedOn === undefined) return undefined;
  const waited = job.processedOn - since;
  // Before its time: it was promoted, nobody knows when.
  return waited < 0 && (job.opts.delay ?? 0) > 0 && attemptOf(job) === 1 ? undefined : waited;
}

function noteOf(job: JobShape): Note | undefined {
  return readMetadata(job.opts.telemetry?.metadata).note;
}

/** What a sandboxed handler should be called in: below the run that waits for it. */
export function sandboxContext(job: JobShape) {
  const inside = claimOf(job)?.run?.context;
  return inside !== undefined && trace.getSpanContext(inside) !== undefined ? inside : undefined;
}
