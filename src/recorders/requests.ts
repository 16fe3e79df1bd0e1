import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { HttpRequest } from '../observations.ts';
import { guarded, isObserved, publish } from '../observe.ts';
import { errorClass } from './failures.ts';
import { currentInbound, Inbound, withInbound } from './inbound.ts';
import { startSpan } from './tracer.ts';

/** What is known when a request arrives. */
export interface RequestStart {
  /** As the client sent it. */
  readonly method: string;
  /** `http` or `https`. @default 'http' */
  readonly scheme?: string | undefined;
  /** Path of the URL without its query, on the span only. */
  readonly path?: string | undefined;
  /** The headers, from which the caller's trace is taken. */
  readonly headers?: unknown;
  /** What the client asked for, as its `Host` header says; on the span only. */
  readonly host?: string | undefined;
  readonly userAgent?: string | undefined;
  /** `1.1`, `2`, ... */
  readonly protocolVersion?: string | undefined;
  /** What stands for this request in its framework: a second start for the same object belongs to the first. */
  readonly identity?: object | undefined;
}

/** How a request was answered; unknown stays unknown. */
export interface RequestEnd {
  readonly statusCode?: number | undefined;
  /** True when the connection was closed before the answer was complete. */
  readonly aborted?: boolean | undefined;
  /** What the handler threw. */
  readonly error?: unknown;
  /** @default whether the status is 500 or above, or something was thrown that is no answer of its own */
  readonly isError?: boolean | undefined;
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
}

/** A request that is being answered; it ends once, whatever is called afterwards. */
export interface RunningRequest {
  /** The context in which it should be answered: its span is active there. */
  readonly context: Context;
  /** How the route's template is found once the request is answered; the last one that knows it is believed. */
  route(read: () => string | undefined): void;
  /** For who records the request first: tells the template while it still can use it. */
  tellRoute(): void;
  end(end: RequestEnd): void;
  /** Gives it up without a record: the connection speaks another protocol now. */
  discard(): void;
}

/** Records requests that the application answers; nothing is recorded until somebody listens. */
export const requests = {
  /**
   * Starts a request that the caller ends. Undefined when there is nothing to do: nobody listens, the context is
   * suppressed, or an outer middleware has started this very request; that one is told of `route`.
   */
  start(details: RequestStart, route?: () => string | undefined): RunningRequest | undefined {
    if (!isObserved()) return undefined;
    const parent = context.active();
    const outer =
      (details.identity && started.get(details.identity)) ?? (parent.getValue(REQUEST) as Started | undefined);
    if (outer?.open === true) {
      if (route !== undefined) outer.route(route);
      return undefined;
    }
    if (parent.getValue(SUPPRESSED) === true) return undefined;
    const running = new Started(details, parent);
    if (route !== undefined) running.route(route);
    return running;
  },

  /** The request that `identity` stands for, while it is being answered. */
  of(identity: object): RunningRequest | undefined {
    return started.get(identity);
  },
};

const REQUEST = createContextKey('gaugeway.request');
/* Keys of @opentelemetry/core, which is not for every runtime; keys are global by their names. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** As @opentelemetry/instrumentation-http leaves it in the context of a request that it records. */
interface RpcMetadata {
  readonly type?: string;
  route?: string;
}

const STARTED = Symbol.for('gaugeway.requests.1');
const shared = globalThis as { [STARTED]?: WeakMap<object, Started> };
shared[STARTED] ??= new WeakMap();
/** One per process: middlewares of two copies of this package may meet in one request. */
const started: WeakMap<object, Started> = shared[STARTED];

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);
/** No value of a span's attribute that a client sends is longer. */
const MAX_LENGTH = 256;

class Started implements RunningRequest {
  readonly context: Context;
  open = true;
  readonly #details: RequestStart;
  readonly #method: string;
  readonly #startedAt = performance.now();
  readonly #startTime = Date.now();
  readonly #span: Span | undefined;
  readonly #inbound: Inbound;
  /** Set when instrumentation-http records this request: its span, its metric, our route. */
  readonly #elsewhere: RpcMetadata | undefined;
  readonly #routes: (() => string | undefined)[] = [];

  constructor(details: RequestStart, parent: Context) {
    this.#details = details;
    this.#method = METHODS.has(details.method) ? details.method : '_OTHER';
    const metadata = parent.getValue(RPC_METADATA) as RpcMetadata | undefined;
    this.#elsewhere = metadata?.type === 'http' ? metadata : undefined;
    const inbound = currentInbound();
    this.#inbound = inbound ?? new Inbound(this.#startedAt);
    this.#inbound.adopted = true;
    let own = parent;
    if (this.#elsewhere === undefined && !hasServerSpan(parent)) {
      own = details.headers === undefined ? parent : propagation.extract(parent, details.headers);
      this.#span = startSpan(
        this.#method === '_OTHER' ? 'HTTP' : this.#method,
        { kind: SpanKind.SERVER, startTime: this.#startTime, attributes: this.#attributes() },
        own,
      );
      own = trace.setSpan(own, this.#span);
    }
    this.context = withInbound(own, this.#inbound).setValue(REQUEST, this);
    if (details.identity !== undefined) started.set(details.identity, this);
  }

  route(read: () => string | undefined): void {
    this.#routes.push(read);
  }

  tellRoute(): void {
    if (this.#elsewhere === undefined) return;
    const route = this.#route();
    if (route !== undefined) this.#elsewhere.route = route;
  }

  end(end: RequestEnd): void {
    if (!this.#close()) return;
    const durationMs = performance.now() - this.#startedAt;
    const route = this.#route();
    const { statusCode, error } = end;
    const isError = end.isError ?? isFailure(statusCode, error);
    const aborted = end.aborted === true && !isError;
    const request: HttpRequest = Object.freeze({
      kind: 'http_request',
      method: this.#method,
      scheme: this.#details.scheme ?? 'http',
      route,
      statusCode,
      protocolVersion: this.#details.protocolVersion,
      startTime: this.#startTime,
      durationMs,
      outcome: isError ? 'error' : aborted ? 'aborted' : 'success',
      errorType: isError ? errorType(statusCode, error) : undefined,
      requestBytes: end.requestBytes,
      responseBytes: end.responseBytes,
      recordedElsewhere: this.#elsewhere !== undefined,
    });
    if (this.#span !== undefined) endSpan(this.#span, request);
    if (end.aborted === true) this.#inbound.discard();
    else this.#inbound.finish(route);
    publish(request);
  }

  discard(): void {
    if (!this.#close()) return;
    this.#inbound.discard();
    this.#span?.end();
  }

  #close(): boolean {
    if (!this.open) return false;
    this.open = false;
    if (this.#details.identity !== undefined) started.delete(this.#details.identity);
    return true;
  }

  #route(): string | undefined {
    let route: string | undefined;
    for (const read of this.#routes) {
      guarded('reading a route', () => {
        route = read() ?? route;
      });
    }
    return route;
  }

  #attributes(): Attributes {
    const { method, scheme, path, host, userAgent, protocolVersion } = this.#details;
    const attributes: Attributes = { 'http.request.method': this.#method, 'url.scheme': scheme ?? 'http' };
    if (this.#method === '_OTHER') attributes['http.request.method_original'] = method.slice(0, MAX_LENGTH);
    if (path !== undefined) attributes['url.path'] = path.slice(0, MAX_LENGTH);
    if (userAgent !== undefined) attributes['user_agent.original'] = userAgent.slice(0, MAX_LENGTH);
    if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
    const address = host === undefined ? null : /^(.+?)(?::(\d{1,5}))?$/.exec(host.slice(0, MAX_LENGTH));
    if (address?.[1] !== undefined) attributes['server.address'] = address[1];
    if (address?.[2] !== undefined) attributes['server.port'] = Number(address[2]);
    return attributes;
  }
}

/** Another instrumentation (of a framework, or a platform) has opened the span of this request. */
function hasServerSpan(parent: Context): boolean {
  const span = trace.getSpan(parent) as (Span & { kind?: SpanKind; attributes?: Attributes }) | undefined;
  if (span?.kind !== SpanKind.SERVER || !span.isRecording()) return false;
  return span.attributes?.['http.request.method'] !== undefined || span.attributes?.['http.method'] !== undefined;
}

/** What a framework turns into an answer of its own (404, 422) is no failure of the application. */
function isFailure(statusCode: number | undefined, error: unknown): boolean {
  if (statusCode !== undefined && statusCode >= 500) return true;
  if (error === undefined) return false;
  const { status, statusCode: told } = (typeof error === 'object' ? (error ?? {}) : {}) as {
    status?: unknown;
    statusCode?: unknown;
  };
  const meant = status ?? told;
  return !(typeof meant === 'number' && meant >= 400 && meant < 500 && meant === statusCode);
}

function errorType(statusCode: number | undefined, error: unknown): string {
  if (statusCode !== undefined && statusCode >= 500) return String(statusCode);
  return error === undefined ? '_OTHER' : errorClass(error);
}

function endSpan(span: Span, request: HttpRequest): void {
  if (span.isRecording()) {
    if (request.route !== undefined) {
      span.updateName(`${request.method === '_OTHER' ? 'HTTP' : request.method} ${request.route}`);
      span.setAttribute('http.route', request.route);
    }
    if (request.statusCode !== undefined) span.setAttribute('http.response.status_code', request.statusCode);
    if (request.outcome === 'aborted') span.setAttribute('gaugeway.outcome', 'aborted');
    if (request.errorType !== undefined) {
      span.setAttribute('error.type', request.errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
  span.end(request.startTime + request.durationMs);
}
