import { type Context, createContextKey, propagation, type Span } from '@opentelemetry/api';
import type { HttpRequest } from '../observations.ts';
import { guarded, publish } from '../observe.ts';
import { errorClass } from './failures.ts';
import { currentInbound, Inbound } from './inbound.ts';
import { RequestContext } from './request-context.ts';
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

/** One request: owns its span and its record, unless another instrumentation owns them. */
export class Request implements RunningRequest {
  readonly context: Context;
  /** Middlewares that this request passed, from the outermost to the innermost. */
  readonly readers: RequestReader[];
  open = true;
  readonly #method: string;
  readonly #scheme: string;
  readonly #protocolVersion: string | undefined;
  readonly #startedAt = performance.now();
  readonly #startTime = Date.now();
  readonly #span: Span | undefined;
  readonly #inbound: Inbound;
  /** Set when instrumentation-http records this request: its span, its metric, our route. */
  readonly #elsewhere: RpcMetadata | undefined;
  #error: unknown;

  constructor(details: RequestStart, parent: Context, reader: RequestReader) {
    this.readers = [reader];
    this.#method = METHODS.has(details.method) ? details.method : '_OTHER';
    this.#scheme = details.scheme ?? 'http';
    this.#protocolVersion = details.protocolVersion;
    const metadata = parent.getValue(RPC_METADATA) as RpcMetadata | undefined;
    this.#elsewhere = metadata?.type === 'http' ? metadata : undefined;
    this.#inbound = currentInbound() ?? new Inbound(this.#startedAt);
    this.#inbound.adopted = true;
    let own = parent;
    if (this.#elsewhere === undefined && !hasServerSpan(parent)) {
      if (details.headers !== undefined) own = propagation.extract(parent, details.headers);
      if (isTraced()) this.#span = startServerSpan(this.#method, details, this.#startTime, own);
    }
    this.context = new RequestContext(own, this, this.#inbound, this.#span);
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
    const durationMs = performance.now() - this.#startedAt;
    const route = this.#route();
    const answer = { statusCode: end.statusCode, error: this.#error };
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
    else this.#inbound.finish(route);
    publish(request);
    for (const { sink } of this.readers) if (sink !== undefined) guarded('a monitor', () => sink(request));
  }

  discard(): void {
    if (!this.open) return;
    this.open = false;
    this.#inbound.discard();
    endSpan(this.#span);
  }

  /** The innermost that knows the route is believed: it sees the most of it. */
  #route(): string | undefined {
    for (let at = this.readers.length - 1; at >= 0; at--) {
      let route: string | undefined;
      guarded('reading a route', () => {
        route = this.readers[at]?.route?.();
      });
      if (route !== undefined) return route;
    }
    return undefined;
  }

  #isError(answer: Answer): boolean {
    for (const { isError } of this.readers) {
      if (isError === undefined) continue;
      let verdict: unknown;
      guarded('the option "isError"', () => {
        verdict = isError(answer);
      });
      if (typeof verdict === 'boolean') return verdict;
    }
    return isFailure(answer);
  }
}

/** What a framework turns into an answer of its own (404, 422) is no failure of the application. */
function isFailure({ statusCode, error }: Answer): boolean {
  if (statusCode !== undefined && statusCode >= 500) return true;
  if (error === undefined) return false;
  const told = typeof error === 'object' && error !== null ? (error as { status?: unknown; statusCode?: unknown }) : {};
  const meant = told.status ?? told.statusCode;
  return !(typeof meant === 'number' && meant >= 400 && meant < 500 && meant === statusCode);
}

function errorType({ statusCode, error }: Answer): string {
  if (error === undefined || (statusCode !== undefined && statusCode >= 500)) return String(statusCode ?? '_OTHER');
  return errorClass(error);
}
