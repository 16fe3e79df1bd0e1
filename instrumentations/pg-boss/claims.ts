import { IdTable, type Tabled } from '../../src/id-table.ts';
import { guarded } from '../../src/observe.ts';
import { readError } from '../../src/recorders/failures.ts';
import type { JobEnd, RunningJob } from '../../src/recorders/jobs.ts';
import type { JobRow } from './library.ts';
import { readiness } from './memory.ts';
import type { Times } from './rows.ts';

/** How a call settles a job. */
export type Settlement = 'complete' | 'fail' | 'cancel' | 'deleteJob';

/** How a call settled a job. */
interface Settled {
  readonly kind: Settlement;
  readonly cause: unknown;
  readonly taken: boolean | undefined;
}

interface Ended {
  readonly failed: boolean;
  readonly error?: unknown;
  readonly final?: boolean;
}

/** A call that settles a job, until its answer is here. */
export interface Settling {
  readonly claim: Claim;
  readonly kind: Settlement;
  readonly cause: unknown;
  /** True where the handler makes the call. */
  readonly isOwn: boolean;
  readonly givenUp: { readonly code: string } | undefined;
  readonly startedAt: number;
}

const LOST = { code: 'claim_lost' };
const CANCELLED = { code: 'cancelled' };
const SHUTDOWN = { code: 'shutdown' };
const TIMEOUT = { code: 'timeout' };

/** Claims whose runs have not ended. */
const open = new IdTable<Claim>();

export function claimOf(id: string): Claim | undefined {
  return open.get(id);
}

export function claimsOf(ids: readonly string[]): Claim[] {
  const found: Claim[] = [];
  if (open.size === 0) return found;
  for (let index = 0; index < ids.length; index++) {
    const claim = claimOf(ids[index] as string);
    if (claim !== undefined) found.push(claim);
  }
  return found;
}

/**
 * One job in the hands of its handler. What the handler returns does not decide: its job may have expired, been settled
 * by the handler itself, or be another worker's by then. What pg-boss's own call does to the job afterwards tells it.
 */
export class Claim implements Tabled {
  readonly id: string;
  next: Tabled | undefined = undefined;
  readonly run: RunningJob;
  readonly #attempt: number | undefined;
  readonly #startedOn: number;
  readonly #willRetry: boolean;
  readonly #startedAt = performance.now();
  #ended: Ended | undefined;
  #durationMs = 0;
  /** What the application made of the job in its handler. */
  #own: Settled | undefined;
  /** What pg-boss made of it after the handler. */
  #last: Settled | undefined;
  #pending = 0;

  constructor(job: JobRow, run: RunningJob, { attempt, startedOn }: Times) {
    this.id = job.id;
    this.run = run;
    this.#attempt = attempt;
    this.#startedOn = startedOn;
    this.#willRetry = Number(job.retryCount) < Number(job.retryLimit);
    open.add(this);
  }

  /** The handler is done; pg-boss begins to settle the job in this turn. */
  handled(ended: Ended): void {
    this.#ended = ended;
    this.#durationMs = performance.now() - this.#startedAt;
  }

  /** A call that settles this job begins. */
  settling(kind: Settlement, cause: unknown): Settling {
    const isOwn = this.#ended === undefined;
    const givenUp = isOwn && kind === 'fail' ? givenUpBy(cause) : undefined;
    // Another worker of this process may have the next attempt before the answer to this call is here.
    if (kind === 'fail') this.#failedHere();
    this.#pending++;
    return { claim: this, kind, cause, isOwn, givenUp, startedAt: givenUp === undefined ? 0 : performance.now() };
  }

  /** What came of that call: `taken` tells whether it took effect on this job, undefined where that is unknown. */
  settled({ kind, cause, isOwn, givenUp, startedAt }: Settling, taken: boolean | undefined, error?: unknown): void {
    this.#pending--;
    if (givenUp !== undefined) {
      this.#ended ??= { failed: true };
      this.#durationMs ||= startedAt - this.#startedAt;
      this.#close(givenUp, { final: taken === true ? !this.#willRetry : 'unknown' });
    } else if (isOwn) {
      if (taken === true) this.#own = { kind, cause, taken };
      if (this.#last !== undefined) this.finish();
    } else {
      this.#last = { kind, cause: error ?? cause, taken };
      // After a statement that failed pg-boss fails the job, in this turn.
      if (error === undefined) this.finish();
      else setImmediate(() => guarded('the hook of pg-boss', () => this.finish())).unref();
    }
  }

  #failedHere(): void {
    if (this.#attempt !== undefined) readiness.failedHere(this.id, this.#attempt, this.#startedOn);
  }

  /** Ends the run with what is known, unless a call that settles the job is under way. */
  finish(): void {
    if (this.#pending > 0 || this.#ended === undefined) return;
    const final = this.#ended.final ?? !this.#willRetry;
    const last = this.#last;
    if (last?.taken !== true && this.#own !== undefined) this.#finishAs(this.#own, this.#ended);
    else if (last?.taken === false) this.#close(LOST, { result: 'error', final: 'unknown' });
    else if (last === undefined || last.taken === true) {
      // pg-boss fails a job whose completion it could not write.
      if (this.#ended.failed) this.#fail(this.#ended.error, final);
      else if (last?.kind === 'fail') this.#close(last.cause, { result: 'error', final });
      else this.#close(undefined, {});
    } else if (this.#ended.failed) this.#fail(this.#ended.error, 'unknown');
    else this.#close(undefined, { final: 'unknown' });
  }

  #finishAs({ kind, cause }: Settled, ended: Ended): void {
    if (kind === 'complete') this.#close(undefined, {});
    else if (kind === 'fail') this.#fail(asError(cause), !this.#willRetry);
    else if (kind === 'cancel') this.#close(CANCELLED, { result: 'cancellation' });
    else if (ended.failed) this.#fail(ended.error, true);
    else this.#close(undefined, {});
  }

  #fail(error: unknown, final: boolean | 'unknown'): void {
    // Only what is thrown as an error can say that it was a timeout or an abort.
    this.#close(error, { result: error instanceof Error ? undefined : 'failure', final });
  }

  #close(error: unknown, end: JobEnd): void {
    open.delete(this);
    if (end.result !== undefined || error !== undefined) this.#failedHere();
    const timed = { result: end.result, final: end.final, durationMs: this.#durationMs };
    if (error === undefined && end.result === undefined) this.run.end(timed);
    else if (error === TIMEOUT) this.run.fail(error, { ...timed, result: 'timeout' });
    else if (error === SHUTDOWN) this.run.fail(error, { ...timed, result: 'cancellation' });
    else this.run.fail(error, timed);
  }
}

/** Why pg-boss itself fails a job whose handler still runs; undefined where it is the application that does so. */
function givenUpBy(cause: unknown): { code: string } | undefined {
  if (cause === 'pg-boss shut down while active') return SHUTDOWN;
  const message = cause instanceof Error ? readError(cause, 'message') : undefined;
  return typeof message === 'string' && message.startsWith('handler execution exceeded ') ? TIMEOUT : undefined;
}

/** The output of a failed job may be any payload, and no word of it is a class of error. */
export function asError(output: unknown): Error | undefined {
  return output instanceof Error ? output : undefined;
}
