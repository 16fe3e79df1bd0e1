import { type Context, type Link, trace } from '@opentelemetry/api';

/** A run that begins this long after its job was sent is another story: it links to its sender. */
const CONTINUED_MS = 60_000;

/** Where the span of a run belongs. */
export interface Placement {
  readonly context: Context;
  readonly links: Link[];
}

/**
 * A run continues the trace of its sender when one job was sent and is processed soon. Otherwise it has a trace of its
 * own and a link: thousands of jobs below one span cannot be sampled, and a trace should not grow for hours.
 */
export function placeRun(sender: Context, { isOneOfMany, ageMs }: { isOneOfMany: boolean; ageMs: number }): Placement {
  const sent = trace.getSpanContext(sender);
  if (sent === undefined || (!isOneOfMany && ageMs <= CONTINUED_MS)) return { context: sender, links: [] };
  return { context: trace.deleteSpan(sender), links: [{ context: sent }] };
}
