import { type Context, trace } from '@opentelemetry/api';
import { linkLate, Origins } from '../../src/recorders/origins.ts';
import type { Placement } from '../../src/recorders/placement.ts';
import { type Job, keyOf, type SharedOptions } from './library.ts';

/** Where jobs were sent in this process: their rows have no room for it, and the payload is the application's. */
const origins = new Origins();

/** A job that is being added alone: a worker may have it before its sender is told its id. */
export interface Sending {
  readonly options: SharedOptions;
  readonly identifier: unknown;
  readonly payload: unknown;
  readonly sent: Context;
  readonly isRepeat: boolean;
}

export const sendings = new Set<Sending>();

/** Where the run of a job belongs, which without a sender is below `base`. */
export function place(options: SharedOptions, job: Job, base: Context): Placement {
  const key = keyOf(options, job.id);
  const known = origins.place(key, base, { isAlone: true });
  if (known.context !== base || known.links.length > 0) return known;
  const sending = sendingOf(options, job);
  if (sending === undefined) return known;
  origins.remember(key, sending.sent, sending);
  return origins.place(key, base, { isAlone: true });
}

/** Where a job was sent is known now; `runs` of it may have begun without. */
export function remember(key: string, sent: Context, isRepeat: boolean, runs: readonly Context[]): void {
  origins.remember(key, sent, { isRepeat });
  const sender = trace.getSpanContext(sent);
  for (const run of runs) if (trace.getSpanContext(run)?.traceId !== sender?.traceId) linkLate(run, sent);
}

/** The one that this job is, if there is no doubt. */
function sendingOf(options: SharedOptions, job: Job): Sending | undefined {
  if (sendings.size === 0) return undefined;
  const here = keyOf(options, '');
  const alike = [...sendings].filter(
    (sending) => sending.identifier === job.task_identifier && keyOf(sending.options, '') === here,
  );
  const [sending] = alike;
  if (sending === undefined || alike.length > 1) return undefined;
  return JSON.stringify(sending.payload ?? {}) === JSON.stringify(job.payload) ? sending : undefined;
}
