import type { StallReason } from '../../src/observations.ts';
import type { JobRow } from './library.ts';
import { readiness } from './memory.ts';

const PLAIN = new Set(['id', 'name', 'data', 'expireInSeconds', 'heartbeatSeconds', 'groupId', 'groupTier', 'signal']);

/**
 * Leaves of a job what a fetch without metadata gives: the columns before `policy`, and the signal. Earlier versions
 * count `retryCount` among the metadata, after `retryLimit`; in later ones pg-boss itself needs it to settle the job.
 */
export function removeMetadata(job: object): void {
  const keys = Object.keys(job);
  const from = keys.indexOf('policy');
  if (from < 0) return;
  const row = job as Record<string, unknown>;
  const kept: [key: string, value: unknown][] = [];
  // From the end, so that the job stays as quick to use as one that never had them.
  for (let index = keys.length - 1; index >= from; index--) {
    const key = keys[index] as string;
    if (PLAIN.has(key) || (key === 'retryCount' && keys[index - 1] !== 'retryLimit')) kept.push([key, row[key]]);
    delete row[key];
  }
  for (const [key, value] of kept.reverse()) row[key] = value;
}

/** What a row tells of the times of a job, by the clock of the database. */
export interface Times {
  /** 1 for the first attempt; undefined where the row does not tell. */
  readonly attempt: number | undefined;
  /** Unix milliseconds. */
  readonly startedOn: number;
  /** Age of the job when it was claimed. */
  readonly ageMs: number | undefined;
  /** How long the job was ready before it was claimed. */
  readonly waitMs: number | undefined;
}

export function timesOf(job: JobRow): Times {
  const attempt = Number(job.retryCount) + 1;
  const createdOn = time(job.createdOn);
  const startAfter = time(job.startAfter);
  const startedOn = time(job.startedOn);
  const isKnown = !readiness.isUnknown(job.id, attempt) && (attempt === 1 || isBackoff(job, attempt, startAfter));
  return {
    attempt: Number.isNaN(attempt) ? undefined : attempt,
    startedOn,
    ageMs: known(startedOn - createdOn),
    waitMs: isKnown ? known(startedOn - Math.max(createdOn, startAfter)) : undefined,
  };
}

/**
 * `startAfter` moves with a delay and with the backoff of a retry, but not when an operator retries a job: whether it was
 * moved shows where the last attempt was seen here. If not, an operator's may be any last attempt, because he gives a
 * failed job one more, and any whose time never moved; earlier versions also leave the time of the failure.
 */
function isBackoff(job: JobRow, attempt: number, startAfter: number): boolean {
  const previous = readiness.previousStart(job.id, attempt);
  if (previous !== undefined) return startAfter > previous;
  const isLast = !(Number(job.retryCount) < Number(job.retryLimit));
  return !isLast && startAfter !== time(job.createdOn) && (job.completedOn ?? null) === null;
}

const STALLS: ReadonlyMap<unknown, StallReason> = new Map([
  ['job timed out', 'timeout'],
  ['job failed by timeout in active state', 'timeout'],
  ['job heartbeat timeout', 'heartbeat'],
]);

/** Why pg-boss took the job from its last worker, where that worker did not settle it: it died or hung. */
export function stallOf({ output }: JobRow): StallReason | undefined {
  const { value } = (output ?? {}) as { value?: { message?: unknown } | null };
  return STALLS.get(value?.message);
}

/** Milliseconds; parsers of the database driver can be replaced, so a timestamp need not be a Date, nor a number one. */
function time(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return value === null || value === undefined ? Number.NaN : new Date(value as Date).getTime();
}

function known(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
