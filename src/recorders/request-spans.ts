import { type Attributes, type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { HttpRequest } from '../observations.ts';
import type { RequestStart } from './requests.ts';
import { endSpan, startSpan } from './tracer.ts';

/** What a client sends is cut to this length. */
const MAX_LENGTH = 256;

/** Attributes that a sampler may read are set at the start, as the HTTP convention asks; the query stays out. */
export function startServerSpan(method: string, details: RequestStart, startTime: number, parent: Context): Span {
  const { path, host, userAgent } = details.describe?.(details.identity as never) ?? {};
  const { protocolVersion } = details;
  const attributes: Attributes = { 'http.request.method': method, 'url.scheme': details.scheme ?? 'http' };
  if (method === '_OTHER') attributes['http.request.method_original'] = details.method.slice(0, MAX_LENGTH);
  if (path !== undefined) attributes['url.path'] = path.slice(0, MAX_LENGTH);
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent.slice(0, MAX_LENGTH);
  if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
  const [, address, port] = host === undefined ? [] : (/^(.+?)(?::(\d{1,5}))?$/.exec(host.slice(0, MAX_LENGTH)) ?? []);
  if (address !== undefined) attributes['server.address'] = address;
  if (port !== undefined) attributes['server.port'] = Number(port);
  return startSpan(nameOf(method), { kind: SpanKind.SERVER, startTime, attributes }, parent);
}

/** Another instrumentation (of a framework, or a platform) has opened the span of this request. */
export function hasServerSpan(parent: Context): boolean {
  const span = trace.getSpan(parent) as (Span & { kind?: SpanKind; attributes?: Attributes }) | undefined;
  if (span?.kind !== SpanKind.SERVER || !span.isRecording()) return false;
  return span.attributes?.['http.request.method'] !== undefined || span.attributes?.['http.method'] !== undefined;
}

export function endServerSpan(span: Span, request: HttpRequest): void {
  endSpan(span, request.startTime + request.durationMs, request.errorType, () => {
    if (request.route !== undefined) {
      span.updateName(`${nameOf(request.method)} ${request.route}`);
      span.setAttribute('http.route', request.route);
    }
    if (request.statusCode !== undefined) span.setAttribute('http.response.status_code', request.statusCode);
    if (request.outcome === 'aborted') span.setAttribute('gaugeway.outcome', 'aborted');
  });
}

function nameOf(method: string): string {
  return method === '_OTHER' ? 'HTTP' : method;
}
