import type { ErrorWindow } from '../error-window.ts';
import type { Instruments } from '../instruments.ts';
import type { GatewayRequest, HttpRequest } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordHttpRequest(to: Instruments, { none }: BoundedAttributes, request: HttpRequest): void {
  const base = none.with('http.request.method', request.method).given('http.route', request.route);
  // Recorded as 0 too: a series that is born with its first slow request hides it from a rate.
  to.with('httpSlowRequests', base).record(request.durationMs > thresholds().apiLatencyMs ? 1 : 0);
  if (request.recordedElsewhere) return;
  const ended = base
    .with('http.response.status_code', request.statusCode)
    .with('url.scheme', request.scheme)
    .with('network.protocol.version', request.protocolVersion)
    .given('error.type', request.errorType);
  to.with('httpServerRequestDuration', ended).record(request.durationMs / 1000);
}

export function recordGatewayRequest(to: Instruments, { none }: BoundedAttributes, request: GatewayRequest): void {
  const set = none.given('http.route', request.route);
  to.with('gatewayOverhead', set).record((request.durationMs - request.upstreamMs) / 1000);
}

export function observeErrorRatio(to: Instruments, errors: ErrorWindow, { none }: BoundedAttributes): void {
  to.observe('httpErrorRatio', (report) => {
    const ratio = errors.ratio();
    if (ratio !== undefined) report(ratio, none);
  });
}
