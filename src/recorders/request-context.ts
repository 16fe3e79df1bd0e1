import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import { INBOUND, type Inbound } from './inbound.ts';
import type { RunningRequest } from './requests.ts';

const REQUEST = createContextKey('gaugeway.request');
/** Of @opentelemetry/api, which tells its name only; keys of a context are global by their names. */
const SPAN = createContextKey('OpenTelemetry Context Key SPAN');

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
    return this.#copy().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#copy().deleteValue(key);
  }

  #copy(): Context {
    const copy = this.#parent.setValue(REQUEST, this.#request).setValue(INBOUND, this.#inbound);
    return this.#span === undefined ? copy : copy.setValue(SPAN, this.#span);
  }
}
