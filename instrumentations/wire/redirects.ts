import type { Context } from '@opentelemetry/api';
import { type AttemptStart, modelCalls, type RunningAttempt, type Seat } from '../../src/recorders/model-calls.ts';
import type { ModelRequest } from './endpoints.ts';
import type { Asked } from './formats/format.ts';

/** Turns of the event loop that a client may take, once such an answer is over, to follow it; all known ones need none. */
const PATIENCE = 10;

/** The exchange whose answer sends the client elsewhere. */
export interface RedirectedExchange {
  readonly request: ModelRequest;
  readonly asked: Asked;
  readonly caller: Context;
  readonly attempt: RunningAttempt;
}

/** One such answer, until the client has followed it or will not do so any more. */
export class Redirect {
  readonly exchange: RedirectedExchange;
  isFollowed = false;
  #isPending = true;
  /** Requests that may turn out to follow it. */
  #claims = 0;
  #isPatient = true;
  #whenKnown: (() => void) | undefined;
  readonly #onEnd: (redirect: Redirect) => void;

  constructor(exchange: RedirectedExchange, onEnd: (redirect: Redirect) => void) {
    this.exchange = exchange;
    this.#onEnd = onEnd;
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  claim(): void {
    this.#claims++;
  }

  release(): void {
    this.#claims--;
    this.#endIfUnclaimed();
  }

  /** A request follows it, which takes the place of the first one: to the application they are one call. */
  follow(details: AttemptStart, seat: Seat | undefined): RunningAttempt {
    this.isFollowed = true;
    const { attempt } = this.exchange;
    const next = (seat === undefined ? attempt.continueWith(details) : undefined) ?? modelCalls.attempt(details, seat);
    this.end();
    return next;
  }

  /** The answer is over; calls back once it is known whether it is followed. */
  wait(whenKnown: () => void): void {
    this.#whenKnown = whenKnown;
    let turns = 0;
    const wait = (): void => {
      this.#isPatient = turns++ < PATIENCE;
      if (this.#isPatient && this.#isPending) setImmediate(wait);
      else this.#endIfUnclaimed();
    };
    wait();
  }

  end(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#onEnd(this);
    this.#whenKnown?.();
  }

  #endIfUnclaimed(): void {
    if (this.#claims === 0 && !this.#isPatient) this.end();
  }
}

/** The answers that send clients elsewhere (307 and the like), which most clients follow on their own. */
export class Redirects {
  readonly #pending = new Map<string, Set<Redirect>>();

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Undefined if the location is none. */
  add(exchange: RedirectedExchange, from: string, location: string): Redirect | undefined {
    const url = hrefOf(location, from);
    if (url === undefined) return undefined;
    const pending = this.#pending.get(url) ?? new Set();
    this.#pending.set(url, pending);
    const redirect = new Redirect(exchange, () => {
      pending.delete(redirect);
      if (pending.size === 0) this.#pending.delete(url);
    });
    pending.add(redirect);
    return redirect;
  }

  /** Those that lead to this request, in their order; a client follows in the context of its call. */
  to(origin: string, path: string, caller: Context): readonly Redirect[] {
    const url = this.isEmpty ? undefined : hrefOf(path, origin);
    const pending = url === undefined ? undefined : this.#pending.get(url);
    return pending === undefined ? NONE : [...pending].filter(({ exchange }) => exchange.caller === caller);
  }
}

const NONE: readonly Redirect[] = [];

function hrefOf(location: string, base: string): string | undefined {
  if (!URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  url.hash = '';
  return url.href;
}
