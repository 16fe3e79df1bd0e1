import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { HttpRequest } from '../observations.ts';
import { isObserved } from '../observe.ts';
import { createStamps, type Stamps } from '../stamp.ts';
import { currentInbound, inboundOf } from './inbound.ts';
import { Request } from './request.ts';
import { requestIn } from './request-context.ts';

/** What is known when a request arrives. */
export interface RequestStart {
  /** As the client sent it. */
  readonly method: string;
  /** `http` or `https`. @default 'http' */
  readonly scheme?: string | undefined;
  /** The headers, from which the caller's trace is taken. */
  readonly headers?: unknown;
  /** `1.1`, `2`, ... */
  readonly protocolVersion?: string | undefined;
  /** What stands for this request in its framework: a second start for the same object belongs to the first. */
  readonly identity: object;
  /** What answers it, where that is a response of node:http. */
  readonly response?: object | undefined;
  /** Tells of `identity` what is on the span alone; asked only where there is one. */
  readonly describe?: ((identity: never) => RequestDescription) | undefined;
}

/** What only a span tells of a request. */
export interface RequestDescription {
  /** Path of the URL without its query. */
  readonly path?: string | undefined;
  /** What the client asked for, as its `Host` header says. */
  readonly host?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** What a middleware knows of requests beside their start; one object for all of them. */
export interface RequestReader {
  /** Finds the route's template once a request is answered, from what the middleware had of it. */
  readonly route?: ((subject: never) => string | undefined) | undefined;
  /** Finds what the handler threw, where `threw` need not be called. */
  readonly error?: ((subject: never) => unknown) | undefined;
  /** @default whether the status is 500 or above, or something was thrown that is no answer of its own */
  readonly isError?: ((answer: Answer) => boolean) | undefined;
  /** Receives the record beside those who listen. */
  readonly sink?: ((request: HttpRequest) => void) | undefined;
}

/** By what a request may have failed. */
export interface Answer {
  /** Undefined when no answer began. */
  readonly statusCode: number | undefined;
  /** What the handler threw, where the framework tells it. */
  readonly error: unknown;
}

/** How a request was answered; unknown stays unknown. */
export interface RequestEnd {
  readonly statusCode?: number | undefined;
  /** True when the connection was closed before the answer was complete. */
  readonly aborted?: boolean | undefined;
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
}

/** A request that is being answered; it ends once, whatever is called afterwards. */
export interface RunningRequest {
  readonly open: boolean;
  /** The context in which it should be answered: its span is active there. */
  readonly context: Context;
  /** Runs what answers it in its context. */
  run<T>(work: () => T): T;
  /** As `run`, where the context may have been lost, as in an event of the socket. */
  resume<T>(work: () => T): T;
  /** An inner middleware has it too. */
  join(reader: RequestReader, subject: unknown): void;
  /** The handler threw this. */
  threw(error: unknown): void;
  /** Hands the route's template to who records this request in our place, before it ends its own record. */
  tellRoute(): void;
  end(end: RequestEnd): void;
  /** Gives it up without a record: the connection speaks another protocol now. */
  discard(): void;
}

/** Of @opentelemetry/core, which is not for every runtime; keys of a context are global by their names. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const KEY = Symbol.for('gaugeway.requests.2');
const shared = globalThis as { [KEY]?: Stamps<RunningRequest> };
shared[KEY] ??= createStamps();
/** One per process: middlewares of two copies of this package may meet in one request. */
const open: Stamps<RunningRequest> = shared[KEY];

/** Records requests that the application answers; nothing is recorded until somebody listens. */
export const requests = {
  /**
   * Starts a request that the caller ends. Undefined when there is nothing to do: nobody listens, the context is
   * suppressed, or an outer middleware has started this very request; that one then asks `reader` too.
   */
  start(details: RequestStart, reader: RequestReader, subject?: unknown): RunningRequest | undefined {
    if (!isObserved() && reader.sink === undefined) return undefined;
    const { identity, response } = details;
    const parent = context.active();
    const seen = response === undefined ? undefined : inboundOf(response);
    const inbound = seen ?? (response === undefined ? currentInbound() : undefined);
    const outer = inbound?.request ?? (seen === undefined ? (open.get(identity) ?? requestIn(parent)) : undefined);
    if (outer?.open === true) {
      outer.join(reader, subject);
      return undefined;
    }
    if (parent.getValue(SUPPRESSED) === true) return undefined;
    const request = new Request(details, parent, inbound, reader, subject);
    // One that a hook saw is found by its response.
    if (seen === undefined) open.set(identity, request);
    return request;
  },

  /** The request that `identity` stands for, or that is answered by `response`. */
  of(identity: object, response: object): RunningRequest | undefined {
    return inboundOf(response)?.request ?? open.get(identity);
  },
};
