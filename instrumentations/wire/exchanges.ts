import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { catchUp } from '../../src/backlog.ts';
import { activeContext, inboundIn } from '../../src/recorders/inbound.ts';
import { isTraced } from '../../src/recorders/tracer.ts';
import { Roster } from '../../src/roster.ts';
import type { Endpoints } from './endpoints.ts';
import { Exchange } from './exchange.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { Redirects } from './redirects.ts';

/** The exchanges in flight, on whichever wire. */
export class Exchanges {
  readonly #endpoints: Endpoints;
  readonly #redirects = new Redirects();
  readonly #inFlight = new Roster<ExchangeRecord>();
  readonly #onEnd = (record: ExchangeRecord): void => {
    this.#inFlight.delete(record);
  };

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** Whether a request with this method may be a model call: of most others a wire need not know more. */
  mayOpen(method: string): boolean {
    return method === 'POST' || !this.#redirects.isEmpty;
  }

  /** Begins an exchange if this request is a model call; a request through a proxy may name its whole URL as its path. */
  open(method: string, connectedTo: string, target: string): Exchange | undefined {
    const whole = target.charCodeAt(0) !== SLASH && URL.canParse(target) ? new URL(target) : undefined;
    const origin = whole?.origin ?? connectedTo;
    const path = whole === undefined ? target : whole.pathname + whole.search;
    const found = this.#endpoints.find(method, origin, path);
    if (found === undefined && this.#redirects.isEmpty) return undefined;
    const caller = context.active();
    const leading = this.#redirects.to(origin, path, caller);
    // Where a provider sends its clients it is still the one that was asked, however that place is called.
    const request = leading[0] === undefined ? found : this.#endpoints.moved(leading[0].exchange.request, origin);
    if (request === undefined || isTracingSuppressed(caller)) return undefined;
    const parent = activeContext(caller);
    // Of a request that no call is around, the call begins a moment later.
    isTraced();
    const record = new ExchangeRecord({
      request,
      origin,
      path,
      caller,
      parent,
      inbound: inboundIn(parent),
      leading,
      redirects: this.#redirects,
      onEnd: this.#onEnd,
    });
    for (const redirect of leading) redirect.claim();
    this.#inFlight.add(record);
    return new Exchange(record);
  }

  /** Nothing is told any more: what is in flight counts as abandoned. */
  close(): void {
    catchUp();
    for (const record of [...this.#inFlight]) record.abandoned();
  }
}

const SLASH = 0x2f;
