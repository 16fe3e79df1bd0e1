import { type Context, context, createContextKey, propagation, type Span } from '@opentelemetry/api';
import type { HttpRequest } from '../observations.ts';
import { guarded, hookFailed, publish } from '../observe.ts';
import { unixAt } from './clocks.ts';
import { errorClass, readError } from './failures.ts';
import { currentInbound, Inbound } from './inbound.ts';
import { RequestContext, requestIn } from './request-context.ts';
import { endServerSpan, hasServerSpan, startServerSpan } from './request-spans.ts';
import type { Answer, RequestEnd, RequestReader, RequestStart, RunningRequest } from './requests.ts';
import { endSpan, isTraced } from './tracer.ts';

/** Of @opentelemetry/core, which is not for every runtime; keys of a context are global by their names. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** As @opentelemetry/instrumentation-http leaves it in the context of a request that it records. */
interface RpcMetadata {
  readonly type?: string;
  route?: string;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);

/** A middleware that has a request, and what it had of it. */
interface Reading {
  readonly reader: RequestReader;
  readonly subject: unknown;
}

/** One request: owns its span and its record, unless another instrumentation owns them. */
export class Request implements RunningRequest {
  open = true;
  readonly #reader: RequestReader;
  #subject: unknown;
  /** Further middlewares that this request passed, from the outermost to the innermost. */
  #inner: Reading[] | undefined;
  readonly #method: string;
  readonly #scheme: string;
  readonly #protocolVersion: string | undefined;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #span: Span | undefined;
  readonly #inbound: Inbound;
  readonly #parent: Context;
  /** False where the active context need not be left: it has all that this one would, and a hook knows the request. */
  readonly #hasOwnContext: boolean;
  #context: Context | undefined;
  /** Set when instrumentation-http records this request: its span, its metric, our route. */
  readonly #elsewhere: RpcMetadata | undefined;
  #error: unknown;

  constructor(
    details: RequestStart,
    parent: Context,
    inbound: Inbound | undefined,
    reader: RequestReader,
    subject: unknown,
  ) {
    this.#reader = reader;
    this.#subject = subject;
    this.#method = METHODS.has(details.method) ? details.method : '_OTHER';
    this.#scheme = details.scheme ?? 'http';
    this.#protocolVersion = details.protocolVersion;
    const metadata = parent.getValue(RPC_METADATA) as RpcMetadata | undefined;
    this.#elsewhere = metadata?.type === 'http' ? metadata : undefined;
    this.#inbound = inbound ?? new Inbound();
    this.#inbound.request = this;
    // A hook of node:http saw it come.
    const isSeen = inbound !== undefined && details.response !== undefined;
    this.#startedAt = isSeen ? inbound.startedAt : performance.now();
    this.#startTime = unixAt(this.#startedAt);
    let own = parent;
    if (this.#elsewhere === undefined && !hasServerSpan(parent)) {
      if (details.headers !== undefined) own = propagation.extract(parent, details.headers);
      if (isTraced()) this.#span = startServerSpan(this.#method, details, this.#startTime, own);
    }
    this.#parent = own;
    const isFound = inbound !== undefined && currentInbound() === inbound;
    this.#hasOwnContext = !isFound || own !== parent || this.#span !== undefined;
  }

  get context(): Context {
    this.#context ??= new RequestContext(this.#parent, this, this.#inbound, this.#span);
    return this.#context;
  }

  run<T>(work: () => T): T {
    return this.#hasOwnContext ? context.with(this.context, work) : work();
  }

  resume<T>(work: () => T): T {
    const isActive = this.#hasOwnContext
      ? requestIn(context.active()) === this
      : currentInbound() === this.#inbound || requestIn(context.active()) === this;
    return isActive ? work() : context.with(this.context, work);
  }

  join(reader: RequestReader, subject: unknown): void {
    this.#inner ??= [];
    this.#inner.push({ reader, subject });
  }

  threw(error: unknown): void {
    this.#error = error;
  }

  tellRoute(): void {
    if (this.#elsewhere === undefined) return;
    const route = this.#route();
    if (route !== undefined) this.#elsewhere.route = route;
  }

  end(end: RequestEnd): void {
    if (!this.open) return;
    this.open = false;
    const endedAt = performance.now();
    const durationMs = endedAt - this.#startedAt;
    const route = this.#route();
    const answer = { statusCode: end.statusCode, error: this.#error ?? this.#reader.error?.(this.#subject as never) };
    const isError = this.#isError(answer);
    const request: HttpRequest = Object.freeze({
      kind: 'http_request',
      method: this.#method,
      scheme: this.#scheme,
      route,
      statusCode: end.statusCode,
      protocolVersion: this.#protocolVersion,
      startTime: this.#startTime,
      durationMs,
      outcome: isError ? 'error' : end.aborted === true ? 'aborted' : 'success',
      errorType: isError ? errorType(answer) : undefined,
      requestBytes: end.requestBytes,
      responseBytes: end.responseBytes,
      recordedElsewhere: this.#elsewhere !== undefined,
    });
    if (this.#span !== undefined) endServerSpan(this.#span, request);
    if (end.aborted === true) this.#inbound.discard();
    else this.#inbound.finish(route, endedAt);
    publish(request);
    const { sink } = this.#reader;
    if (sink !== undefined) guarded('a monitor', () => sink(request));
    for (const { reader } of this.#inner ?? []) guarded('a monitor', () => reader.sink?.(request));
    this.#letGo();
  }

  discard(): void {
    if (!this.open) return;
    this.open = false;
    this.#inbound.discard();
    endSpan(this.#span);
    this.#letGo();
  }

  /** A socket that was opened meanwhile, and is kept, keeps the context that it was opened in. */
  #letGo(): void {
    this.#subject = undefined;
    this.#inner = undefined;
    this.#error = undefined;
    this.#inbound.request = undefined;
  }

  /** The innermost that knows the route is believed: it sees the most of it. */
  #route(): string | undefined {
    for (const { reader, subject } of this.#inner?.toReversed() ?? []) {
      const route = routeBy(reader, subject);
      if (route !== undefined) return route;
    }
    return routeBy(this.#reader, this.#subject);
  }

  #isError(answer: Answer): boolean {
    let verdict = verdictBy(this.#reader, answer);
    for (const { reader } of this.#inner ?? []) verdict ??= verdictBy(reader, answer);
    return verdict ?? isFailure(answer);
  }
}

function routeBy({ route }: RequestReader, subject: unknown): string | undefined {
  try {
    return route?.(subject as never);
  } catch (error) {
    hookFailed('reading a route', error);
    return undefined;
  }
}

/** Undefined where nobody says so. */
function verdictBy({ isError }: RequestReader, answer: Answer): boolean | undefined {
  if (isError === undefined) return undefined;
  try {
    const verdict: unknown = isError(answer);
    return typeof verdict === 'boolean' ? verdict : undefined;
  } catch (error) {
    hookFailed('the option "isError"', error);
    return undefined;
  }
}

/** What a framework turns into an answer of its own (404, 422) is no failure of the application. */
function isFailure({ statusCode, error }: Answer): boolean {
  if (statusCode !== undefined && statusCode >= 500) return true;
  if (error === undefined) return false;
  const meant = readError(error, 'status') ?? readError(error, 'statusCode');
  return !(typeof meant === 'number' && meant >= 400 && meant < 500 && meant === statusCode);
}

function errorType({ statusCode, error }: Answer): string {
  if (error === undefined || (statusCode !== undefined && statusCode >= 500)) return String(statusCode ?? '_OTHER');
  return errorClass(error);
}
