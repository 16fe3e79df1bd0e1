import { type Context, isSpanContextValid, type Link, type SpanContext, trace } from '@opentelemetry/api';

/** A job that ran this long after it was sent is another story: it links to its sender instead of continuing its trace. */
const CONTINUED_MS = 60_000;
/** Beyond this many jobs that were sent and not seen again the oldest is forgotten. */
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
  readonly #origins = new Map<string, Origin>();

  /** `isRepeat`: the job was sent by one of its own kind, and continuing that trace would never end. */
  remember(id: string, sent: Context, { isRepeat = false } = {}): void {
    const sender = trace.getSpanContext(sent);
    if (sender === undefined || !isSpanContextValid(sender)) return;
    this.#origins.delete(id);
    this.#origins.set(id, { sender, sentAt: performance.now(), isRepeat });
    if (this.#origins.size <= MAX_ORIGINS) return;
    for (const oldest of this.#origins.keys()) {
      this.#origins.delete(oldest);
      return;
    }
  }

  /** How the run of a job belongs to its sender: as its child where it runs alone and soon after, else by a link. */
  of(id: string, isAlone: boolean): { readonly parent?: SpanContext; readonly links: Link[] } {
    const origin = this.#origins.get(id);
    if (origin === undefined) return { links: [] };
    const { sender, sentAt, isRepeat } = origin;
    const continues = isAlone && !isRepeat && performance.now() - sentAt <= CONTINUED_MS;
    return continues ? { parent: sender, links: [] } : { links: [{ context: sender }] };
  }
}
