import { type Context, trace } from '@opentelemetry/api';
import { linkLate, Origins } from '../../src/recorders/origins.ts';
import type { Placement } from '../../src/recorders/placement.ts';
import { type Listed, Roster } from '../../src/roster.ts';
import { type Job, keyOf, type SharedOptions } from './library.ts';

/** Where jobs were sent in this process: their rows have no room for it, and the payload is the application's. */
const origins = new Origins();

/** A job that is being added alone: a worker may have it before its sender is told its id. */
interface Sending extends Listed {
  readonly payload: unknown;
  readonly sent: Context;
  readonly isRepeat: boolean;
}

/** By database and task. */
const sendings = new Map<string, Roster<Sending>>();

/** A job is being added, until the returned function is called. */
export function startSending(
  options: SharedOptions,
  identifier: unknown,
  { payload, sent, isRepeat }: Omit<Sending, 'place'>,
): () => void {
  const key = keyOf(options, String(identifier));
  const alike = sendings.get(key) ?? new Roster<Sending>();
  if (alike.size === 0) sendings.set(key, alike);
  const sending = { payload, sent, isRepeat, place: 0 };
  alike.add(sending);
  return () => {
    alike.delete(sending);
    if (alike.size === 0 && sendings.get(key) === alike) sendings.delete(key);
  };
}

/** Where the run of a job belongs, which without a sender is below `base`; undefined where nothing is known of any. */
export function place(options: SharedOptions, job: Job, base: Context): Placement | undefined {
  if (origins.isEmpty && sendings.size === 0) return undefined;
  const key = keyOf(options, job.id);
  const known = origins.place(key, base, { isAlone: true });
  if (known.context !== base || known.links.length > 0) return known;
  const sending = sendingOf(options, job);
  if (sending === undefined) return known;
  origins.remember(key, sending.sent, sending);
  return origins.place(key, base, { isAlone: true });
}

/** Where a job was sent is known now; a `run` of it may have begun without. */
export function remember(key: string, sent: Context, isRepeat: boolean, run: Context | undefined): void {
  origins.remember(key, sent, { isRepeat });
  const sender = trace.getSpanContext(sent);
  if (run !== undefined && trace.getSpanContext(run)?.traceId !== sender?.traceId) linkLate(run, sent);
}

/** The one that this job is, if there is no doubt. */
function sendingOf(options: SharedOptions, job: Job): Sending | undefined {
  if (sendings.size === 0) return undefined;
  const alike = sendings.get(keyOf(options, job.task_identifier));
  if (alike?.size !== 1) return undefined;
  const [sending] = alike;
  return JSON.stringify(sending?.payload ?? {}) === JSON.stringify(job.payload) ? sending : undefined;
}
