import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import { SPAN, withValue } from '../nested-context.ts';
import { INBOUND, type Inbound } from './inbound.ts';
import type { RunningRequest } from './requests.ts';

const REQUEST = createContextKey('gaugeway.request');

/** The open request that work in this context belongs to. */
export function requestIn(parent: Context): RunningRequest | undefined {
  return parent.getValue(REQUEST) as RunningRequest | undefined;
}

/**
 * The context in which a request is answered. A context of the API copies a Map and makes three functions for each value
 * that is set; a server makes one for each request, and would spend more on it than on everything else that is measured.
 */
export class RequestContext implements Context {
  readonly #parent: Context;
  readonly #request: RunningRequest;
  readonly #inbound: Inbound;
  readonly #span: Span | undefined;

  constructor(parent: Context, request: RunningRequest, inbound: Inbound, span: Span | undefined) {
    this.#parent = parent;
    this.#request = request;
    this.#inbound = inbound;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    if (key === REQUEST) return this.#request;
    if (key === INBOUND) return this.#inbound;
    if (key === SPAN && this.#span !== undefined) return this.#span;
    return this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return withValue(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return withValue(this, key, undefined);
  }
}
