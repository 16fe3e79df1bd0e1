import { isTracingSuppressed } from '@opentelemetry/core';
import { activeContext } from '../../src/recorders/inbound.ts';
import type { Endpoints } from './endpoints.ts';
import { Exchange } from './exchange.ts';

/** The exchanges in flight, on whichever wire. */
export class Exchanges {
  readonly #endpoints: Endpoints;
  readonly #inFlight = new Set<Exchange>();
  readonly #onEnd = (exchange: Exchange): void => {
    this.#inFlight.delete(exchange);
  };

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** Whether a request with this method may be a model call; of most requests a wire need not know more. */
  mayOpen(method: string): boolean {
    return method === 'POST';
  }

  /** Begins an exchange if this request is a model call; a request through a proxy may name its whole URL as its path. */
  open(method: string, origin: string, target: string): Exchange | undefined {
    const isWhole = target.charCodeAt(0) !== SLASH && URL.canParse(target);
    const whole = isWhole ? new URL(target) : undefined;
    const path = whole === undefined ? target : whole.pathname + whole.search;
    const found = this.#endpoints.find(method, whole?.origin ?? origin, path);
    if (found === undefined) return undefined;
    const parent = activeContext();
    if (isTracingSuppressed(parent)) return undefined;
    const exchange = new Exchange(found, path, parent, this.#onEnd);
    this.#inFlight.add(exchange);
    return exchange;
  }

  /** Nothing is told any more: what is in flight counts as abandoned. */
  close(): void {
    for (const exchange of [...this.#inFlight]) exchange.abandoned();
  }
}

const SLASH = 0x2f;
