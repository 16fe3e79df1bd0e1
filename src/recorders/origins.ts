import { type Context, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import { type Placement, placeRun } from './placement.ts';
import { Recent } from './recent.ts';

const MAX_ORIGINS = 10_000;

interface Origin {
  readonly sender: SpanContext;
  readonly sentAt: number;
  readonly isRepeat: boolean;
}

/**
 * Where jobs were sent in this process, by their id, for orchestrators whose jobs have no room for a trace context that
 * the application would not see.
 */
export class Origins {
  readonly #origins = new Recent<Origin>(MAX_ORIGINS);

  /** True while nothing was traced that was sent: there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#origins.isEmpty;
  }

  /** `isRepeat`: the job was sent by one of its own kind, and continuing that trace would never end. */
  remember(id: string, sent: Context, { isRepeat = false } = {}): void {
    const sender = trace.getSpanContext(sent);
    if (sender === undefined || !isSpanContextValid(sender)) return;
    this.#origins.set(id, { sender, sentAt: performance.now(), isRepeat });
  }

  /** Where the run of a job belongs, which without a sender is below `base`. */
  place(id: string, base: Context, { isAlone }: { readonly isAlone: boolean }): Placement {
    const origin = this.isEmpty ? undefined : this.#origins.get(id);
    if (origin === undefined) return { context: base, links: [] };
    return placeRun(withSpan(base, trace.wrapSpanContext(origin.sender)), {
      isOneOfMany: !isAlone || origin.isRepeat,
      ageMs: performance.now() - origin.sentAt,
    });
  }
}

/** Links a run to its sender that began before the sender was told the id of the job. */
export function linkLate(run: Context, sent: Context): void {
  const sender = trace.getSpanContext(sent);
  if (sender !== undefined && isSpanContextValid(sender)) trace.getSpan(run)?.addLink({ context: sender });
}
