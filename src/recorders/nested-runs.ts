import type { Context } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import { type AgentStart, agents, type RecordedAgent } from './agents.ts';
import { addAmbient, plainContext } from './ambient.ts';
import type { Failure } from './failures.ts';
import { endSpan, startSpan } from './tracer.ts';

/** What a run is, or the name of a span that only holds together what runs in it. */
export type NestedRun = AgentStart | string;

interface Open {
  /** What was active for OpenTelemetry when it began: while that is so, nothing of OpenTelemetry's is inside of it. */
  readonly outside: Context;
  readonly context: Context;
  readonly running?: Pick<RecordedAgent, 'settleAs' | 'fail' | 'discard'> | undefined;
}

/** Beyond this many runs without an end the oldest is given up. */
const MAX_OPEN = 10_000;

/**
 * Runs of a library that tells the beginning and the end of each, by ids, and which one is the present one. What happens in
 * them becomes a child of theirs, though the library calls nobody inside of them.
 */
export class NestedRuns {
  readonly #current: () => string | undefined;
  readonly #open = new Map<string, Open>();

  /** @param current id of the innermost run of the running code */
  constructor(current: () => string | undefined) {
    this.#current = current;
  }

  /** Makes these runs the context of what runs in them; returns what ends that. */
  listen(): () => void {
    const stop = addAmbient((active) => {
      const id = this.#current();
      const open = id === undefined ? undefined : this.#open.get(id);
      return open === undefined || open.outside !== active ? active : open.context;
    });
    return () => {
      stop();
      for (const { running } of this.#open.values()) running?.discard();
      this.#open.clear();
    };
  }

  /** A run began; undefined for one that nothing is told of. */
  start(id: string, parentId: string | undefined, run: NestedRun | undefined): void {
    const outside = plainContext();
    const parent = this.#open.get(parentId ?? '');
    const around = parent?.outside === outside ? parent.context : outside;
    this.#open.set(id, { outside, ...begin(run, around) });
    if (this.#open.size <= MAX_OPEN) return;
    for (const oldest of this.#open.keys()) {
      this.#take(oldest)?.discard();
      return;
    }
  }

  end(id: string, failure?: Failure): void {
    this.#take(id)?.settleAs(failure);
  }

  fail(id: string, error: unknown): void {
    this.#take(id)?.fail(error);
  }

  #take(id: string): Open['running'] {
    const open = this.#open.get(id);
    this.#open.delete(id);
    return open?.running;
  }
}

function begin(run: NestedRun | undefined, around: Context): Omit<Open, 'outside'> {
  if (run === undefined) return { context: around };
  if (typeof run !== 'string') {
    const running = agents.start({ ...run, context: around });
    return { context: running.context, running };
  }
  const span = startSpan(run, {}, around);
  const end = () => endSpan(span);
  return { context: withSpan(around, span), running: { settleAs: end, fail: end, discard: end } };
}
