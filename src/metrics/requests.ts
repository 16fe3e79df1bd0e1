import type { ErrorWindow } from '../error-window.ts';
import type { Instruments, Series } from '../instruments.ts';
import type { GatewayRequest, HttpRequest } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

/** The series of one route and method, kept: finding them anew for each request would cost more than recording it. */
interface Known {
  readonly slow: Series;
  readonly durations: { readonly of: HttpRequest; readonly series: Series }[];
}

/** By method, then by route. */
const kept = new WeakMap<Instruments, Map<string, Map<string | undefined, Known>>>();
/** Beyond so many ways to answer one route, series are found anew. */
const MAX_KEPT = 50;

export function recordHttpRequest(to: Instruments, attributes: BoundedAttributes, request: HttpRequest): void {
  const known = knownOf(to, request.method, attributes.bound('http.route', request.route));
  if (request.durationMs > thresholds().apiLatencyMs) known.slow.record(1);
  if (!request.recordedElsewhere) durationOf(to, attributes, known, request).record(request.durationMs / 1000);
}

function knownOf(to: Instruments, method: string, route: string | undefined): Known {
  let methods = kept.get(to);
  if (methods === undefined) {
    methods = new Map();
    kept.set(to, methods);
  }
  let routes = methods.get(method);
  if (routes === undefined) {
    routes = new Map();
    methods.set(method, routes);
  }
  let known = routes.get(route);
  if (known === undefined) {
    const slow = to.with('httpSlowRequests', { 'http.request.method': method, 'http.route': route });
    // There at 0 before the first slow request, or a first burst does not show in a rate.
    slow.record(0);
    known = { slow, durations: [] };
    routes.set(route, known);
  }
  return known;
}

function durationOf(
  to: Instruments,
  attributes: BoundedAttributes,
  { durations }: Known,
  request: HttpRequest,
): Series {
  for (const { of, series } of durations) {
    if (
      of.statusCode === request.statusCode &&
      of.errorType === request.errorType &&
      of.scheme === request.scheme &&
      of.protocolVersion === request.protocolVersion
    ) {
      return series;
    }
  }
  const series = to.with('httpServerRequestDuration', {
    'http.request.method': request.method,
    'url.scheme': request.scheme,
    'http.response.status_code': request.statusCode,
    'http.route': attributes.bound('http.route', request.route),
    'error.type': attributes.errorType(request.errorType),
    'network.protocol.version': request.protocolVersion,
  });
  if (durations.length < MAX_KEPT) durations.push({ of: request, series });
  return series;
}

export function recordGatewayRequest(to: Instruments, attributes: BoundedAttributes, request: GatewayRequest): void {
  const route = attributes.bound('http.route', request.route);
  to.with('gatewayOverhead', { 'http.route': route }).record((request.durationMs - request.upstreamMs) / 1000);
}

export function observeErrorRatio(to: Instruments, errors: ErrorWindow): void {
  to.observe('httpErrorRatio', (report) => {
    const ratio = errors.ratio();
    if (ratio !== undefined) report(ratio, {});
  });
}
