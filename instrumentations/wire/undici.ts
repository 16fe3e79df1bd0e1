import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { hookFailed } from '../../src/observe.ts';
import { createStamps, type Stamps } from '../../src/stamp.ts';
import { asBuffer } from './bytes.ts';
import type { Exchange } from './exchange.ts';
import type { Exchanges } from './exchanges.ts';
import { type HeaderList, retryCountIn } from './headers.ts';

/** The parts of undici's internal request that its diagnostics channels hand out. */
interface UndiciRequest {
  readonly method: string;
  readonly origin: unknown;
  readonly path: string;
  readonly headers?: unknown;
  readonly constructor: unknown;
  onBodySent?: (chunk: unknown) => unknown;
  onData?: (chunk: unknown) => unknown;
  onResponseData?: (...args: unknown[]) => unknown;
}

/**
 * Watches undici, the built-in `fetch` included, through its diagnostics channels: nothing of the application is
 * wrapped. Returns the function that stops watching.
 */
export function watchUndici(opened: Exchanges): () => void {
  const exchanges = createStamps<Exchange | undefined>();
  /** Copies of undici that publish body chunks; known after the first chunk of a copy. */
  const publishing = new WeakSet<object>();
  /** The copy that did so last; mostly there is but one. */
  let publisher: unknown;

  const onCreate = ({ request }: { request: UndiciRequest }): void => {
    const exchange = opened.open(request.method, String(request.origin), request.path);
    if (exchange === undefined) return;
    exchanges.set(request, exchange);
    if (exchange.isAlone) exchange.retryCount = retryCountIn(request.headers);
    const copy = request.constructor;
    if (copy !== publisher && !publishing.has(copy as object)) shadowBodies(request, exchanges);
  };

  const onBodyChunkSent = ({ request, chunk }: { request: UndiciRequest; chunk: Buffer | string }): void => {
    const exchange = exchanges.get(request);
    if (exchange === undefined) return;
    const copy = request.constructor;
    if (copy !== publisher) publishing.add(copy as object);
    publisher = copy;
    if (exchange.passing !== chunk) exchange.sending(asBuffer(chunk));
  };

  // Called for each chunk of each stream: a `try` of its own keeps a closure that all channels share out of the way.
  const onBodyChunkReceived = (message: unknown): void => {
    try {
      const { request, chunk } = message as { request: UndiciRequest; chunk: Buffer };
      const exchange = exchanges.get(request);
      if (exchange !== undefined && exchange.passing !== chunk) exchange.received(asBuffer(chunk));
    } catch (error) {
      hookFailed('undici:request:bodyChunkReceived', error);
    }
  };

  const onBodySent = ({ request }: { request: UndiciRequest }): void => exchanges.get(request)?.sent();

  const onHeaders = ({
    request,
    response,
  }: {
    request: UndiciRequest;
    response: { statusCode: number; headers: HeaderList };
  }): void => {
    const exchange = exchanges.get(request);
    if (exchange === undefined) return;
    exchange.answered(response.statusCode, response.headers);
  };

  const onTrailers = ({ request }: { request: UndiciRequest }): void => take(request)?.completed();

  const onError = ({ request, error }: { request: UndiciRequest; error: unknown }): void =>
    take(request)?.failed(error);

  // The application may hold the request for longer, by an answer that it keeps or that waits to be collected.
  const take = (request: UndiciRequest): Exchange | undefined => {
    const exchange = exchanges.get(request);
    if (exchange !== undefined) exchanges.set(request, undefined);
    return exchange;
  };

  const subscriptions: Subscription[] = [
    contained('undici:request:create', onCreate),
    contained('undici:request:bodyChunkSent', onBodyChunkSent),
    contained('undici:request:bodySent', onBodySent),
    contained('undici:request:headers', onHeaders),
    { name: 'undici:request:bodyChunkReceived', listener: onBodyChunkReceived },
    contained('undici:request:trailers', onTrailers),
    contained('undici:request:error', onError),
  ];
  for (const { name, listener } of subscriptions) subscribe(name, listener);

  return () => {
    for (const { name, listener } of subscriptions) unsubscribe(name, listener);
  };
}

interface Subscription {
  readonly name: string;
  readonly listener: (message: unknown) => void;
}

/** What a subscriber throws would become an uncaught exception of the application. */
function contained(name: string, handle: (message: never) => void): Subscription {
  const listener = (message: unknown): void => {
    try {
      handle(message as never);
    } catch (error) {
      hookFailed(name, error);
    }
  };
  return { name, listener };
}

/**
 * Older copies of undici publish no body chunks: the methods through which they pass are shadowed on the one internal
 * request object. Which kind this copy is shows by itself: a chunk that the channel has just told is not told again.
 */
function shadowBodies(request: UndiciRequest, exchanges: Stamps<Exchange | undefined>): void {
  const shadow = (method: 'onBodySent' | 'onData' | 'onResponseData', tell: 'sending' | 'received'): void => {
    const original = request[method] as ((...args: unknown[]) => unknown) | undefined;
    if (typeof original !== 'function') return;
    request[method] = function (this: unknown, ...args: unknown[]): unknown {
      const exchange = exchanges.get(request);
      if (exchange === undefined) return original.apply(this, args);
      // Its place among the arguments depends on the version.
      const chunk = isBytes(args[0]) ? args[0] : isBytes(args[1]) ? args[1] : undefined;
      // Told first: the application may end the exchange as soon as it has the chunk.
      try {
        if (chunk !== undefined) exchange[tell](asBuffer(chunk));
      } catch (error) {
        hookFailed(method, error);
      }
      exchange.passing = chunk;
      try {
        return original.apply(this, args);
      } finally {
        exchange.passing = undefined;
      }
    };
  };
  shadow('onBodySent', 'sending');
  shadow('onData', 'received');
  shadow('onResponseData', 'received');
}

function isBytes(value: unknown): value is Uint8Array | string {
  return value instanceof Uint8Array || typeof value === 'string';
}
