import { type Context, context, createContextKey } from '@opentelemetry/api';
import { later } from '../backlog.ts';
import { withValue } from '../nested-context.ts';
import { publish } from '../observe.ts';
import { withAmbient } from './ambient.ts';
import { unixOf } from './clocks.ts';
import type { RunningRequest } from './requests.ts';

/** A piece of time, in `performance.now()` time. */
interface Span {
  from: number;
  to: number;
}

/** Agents that loop inside of one request for hours: more pieces than this are not kept apart. */
const MAX_PIECES = 256;

/**
 * One inbound request as the model calls inside it see it: it gathers when exchanges with providers were open, and tells
 * its overhead when both it and they have ended. One without a model call tells nothing.
 */
export class Inbound {
  /** False once the answer is complete: what runs on in its async context is not part of it. */
  open = true;
  /** Set when a middleware took the request over: it knows the route, and tells the end. */
  request: RunningRequest | undefined;
  readonly startedAt: number;
  /** Sorted, and apart from each other; there are none without a model call. */
  #waits: Span[] | undefined;
  #running = 0;
  #end: { readonly at: number; readonly route: string | undefined } | undefined;
  #isExact = true;

  constructor(startedAt = performance.now()) {
    this.startedAt = startedAt;
  }

  /** A call began that may turn out to be time spent waiting. */
  began(): void {
    this.#running++;
  }

  /** The call ended; with times it was waiting for a provider, without it was not. */
  ended(from?: number, to?: number): void {
    this.#running--;
    if (from !== undefined && to !== undefined) this.#add(from, to);
    if (this.#running === 0 && this.#end !== undefined) this.#tell();
  }

  /** The answer is complete. */
  finish(route: string | undefined, at = performance.now()): void {
    if (!this.open) return;
    this.open = false;
    // After what its calls have noted.
    later(Inbound.#finished, this, route, at);
  }

  static readonly #finished = (inbound: Inbound, route: string | undefined, at: number): void => {
    inbound.#end = { at, route };
    // An exchange may have ended before the answer, and still be decoded.
    if (inbound.#running === 0) inbound.#tell();
  };

  /** The answer will never be complete: there is no whole time to take a share of. */
  discard(): void {
    this.open = false;
    this.#waits = undefined;
  }

  #add(from: number, to: number): void {
    this.#waits ??= [];
    let at = this.#waits.length;
    while (at > 0 && (this.#waits[at - 1] as Span).to >= from) at--;
    // Everything from `at` on ends after `from`; of that, all which begins before `to` becomes one piece.
    let next = at;
    const piece = { from, to };
    for (let other = this.#waits[next]; other !== undefined && other.from <= to; other = this.#waits[++next]) {
      piece.from = Math.min(piece.from, other.from);
      piece.to = Math.max(piece.to, other.to);
    }
    if (this.#waits.length - (next - at) >= MAX_PIECES) this.#isExact = false;
    else this.#waits.splice(at, next - at, piece);
  }

  #tell(): void {
    const end = this.#end;
    const waits = this.#waits;
    if (end === undefined || waits === undefined || !this.#isExact) return;
    let upstreamMs = 0;
    for (const { from, to } of waits) {
      upstreamMs += Math.max(0, Math.min(to, end.at) - Math.max(from, this.startedAt));
    }
    this.#waits = undefined;
    publish(
      Object.freeze({
        kind: 'gateway_request',
        route: end.route,
        startTime: unixOf(this.startedAt),
        durationMs: end.at - this.startedAt,
        upstreamMs,
      }),
    );
  }
}

export const INBOUND = createContextKey('gaugeway.inbound');

/** A hook of node:http, which knows requests where no middleware runs. */
export interface InboundSource {
  /** Of the running code. */
  current(): Inbound | undefined;
  /** Of the request that a response of node:http answers. */
  of(response: object): Inbound | undefined;
}

/* By symbol, so that a bundle with a copy of this file asks the same hook. */
const KEY = Symbol.for('gaugeway.inbound.2');
const shared = globalThis as { [KEY]?: InboundSource | undefined };

/** Asks `source` for inbound requests from now on; undefined asks nobody. */
export function useInboundSource(source: InboundSource | undefined): void {
  shared[KEY] = source;
}

/** The open inbound request of the running code that a hook knows of. */
export function currentInbound(): Inbound | undefined {
  const inbound = shared[KEY]?.current();
  return inbound?.open === true ? inbound : undefined;
}

/** The open inbound request that a response answers, as far as a hook knows. */
export function inboundOf(response: object): Inbound | undefined {
  const inbound = shared[KEY]?.of(response);
  return inbound?.open === true ? inbound : undefined;
}

export function withInbound(parent: Context, inbound: Inbound): Context {
  return withValue(parent, INBOUND, inbound);
}

/** The open inbound request that work in this context belongs to. */
export function inboundIn(parent: Context): Inbound | undefined {
  const inbound = parent.getValue(INBOUND) as Inbound | undefined;
  return inbound?.open === true ? inbound : undefined;
}

/**
 * The context of the running code, with the inbound request in it. For hooks that start a call later, in another async context: the
 * running code's request is known only now.
 */
export function activeContext(active = context.active()): Context {
  const current = withAmbient(active);
  if (inboundIn(current) !== undefined) return current;
  const inbound = currentInbound();
  return inbound === undefined ? current : withInbound(current, inbound);
}
