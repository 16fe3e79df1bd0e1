import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { drop } from '../../src/observe.ts';
import { type Placement, placeRun } from '../../src/recorders/placement.ts';
import type { JobShape } from './shapes.ts';

/**
 * What a job takes along, as JSON in BullMQ's own field for it: the headers of the propagator, which bullmq-otel writes
 * and reads alike, and under our name what the job itself does not tell.
 */
export interface Note {
  /** Sent together with many others. */
  readonly batch?: true;
  /** A node of a flow: one that has children is eligible once they have ended, and nothing tells when that was. */
  readonly flow?: 'leaf' | 'parent';
}

const KEY = 'gaugeway';

/** What a job that is sent from this context takes along; undefined when that is nothing. */
export function writeMetadata(context: Context, note?: Note): string | undefined {
  const carrier: Record<string, unknown> = {};
  propagation.inject(context, carrier);
  if (note !== undefined) carrier[KEY] = note;
  return isEmpty(carrier) ? undefined : JSON.stringify(carrier);
}

const NOTHING: { carrier: Record<string, unknown>; note: undefined } = { carrier: {}, note: undefined };

/** Metadata may be anybody's: whatever is no JSON object carries nothing for us. */
export function readMetadata(metadata: unknown): { carrier: Record<string, unknown>; note: Note | undefined } {
  if (typeof metadata !== 'string' || !metadata.startsWith('{')) return NOTHING;
  try {
    const { [KEY]: note, ...carrier } = JSON.parse(metadata) as Record<string, unknown>;
    return { carrier, note: typeof note === 'object' && note !== null ? (note as Note) : undefined };
  } catch {
    drop('malformed_body');
    return NOTHING;
  }
}

function isEmpty(carrier: object): boolean {
  for (const _ in carrier) return false;
  return true;
}

/** The context that a carrier brings, and nothing of what is active here. */
export function extract(carrier: Record<string, unknown>): Context {
  return isEmpty(carrier) ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, carrier);
}

/** Where the span of a run belongs: below its sender, or beside it with a link. */
export function place(job: JobShape, carrier: Record<string, unknown>, note: Note | undefined): Placement {
  // A scheduler's jobs carry the context of whoever set it up, for ever.
  const isOneOfMany = note?.batch === true || job.repeatJobKey !== undefined;
  return placeRun(extract(carrier), { isOneOfMany, ageMs: Date.now() - job.timestamp });
}
