import type { ErrorWindow } from '../error-window.ts';
import type { Instruments, Series } from '../instruments.ts';
import type { GatewayRequest, HttpRequest } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

/** The series of requests, kept by what distinguishes them: building the attributes anew would cost more than the rest. */
const kept = new WeakMap<Instruments, Map<string, Series>>();
const MAX_KEPT = 5000;

export function recordHttpRequest(to: Instruments, attributes: BoundedAttributes, request: HttpRequest): void {
  const route = attributes.bound('http.route', request.route);
  const { method } = request;
  let series = kept.get(to);
  if (series === undefined) {
    series = new Map();
    kept.set(to, series);
  }
  const slowKey = `${method} ${route ?? ''}`;
  let slow = series.get(slowKey);
  if (slow === undefined) {
    slow = to.with('httpSlowRequests', { 'http.request.method': method, 'http.route': route });
    // There at 0 before the first slow request, or a first burst does not show in a rate.
    slow.record(0);
    keep(series, slowKey, slow);
  }
  if (request.durationMs > thresholds().apiLatencyMs) slow.record(1);
  if (request.recordedElsewhere) return;
  const errorType = attributes.errorType(request.errorType);
  const key = `${slowKey} ${request.statusCode} ${request.scheme} ${request.protocolVersion} ${errorType}`;
  let duration = series.get(key);
  if (duration === undefined) {
    duration = to.with('httpServerRequestDuration', {
      'http.request.method': method,
      'url.scheme': request.scheme,
      'http.response.status_code': request.statusCode,
      'http.route': route,
      'error.type': errorType,
      'network.protocol.version': request.protocolVersion,
    });
    keep(series, key, duration);
  }
  duration.record(request.durationMs / 1000);
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

function keep(series: Map<string, Series>, key: string, value: Series): void {
  if (series.size < MAX_KEPT) series.set(key, value);
}
