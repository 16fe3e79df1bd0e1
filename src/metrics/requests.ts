import type { ErrorWindow } from '../error-window.ts';
import type { Instruments, Series } from '../instruments.ts';
import type { GatewayRequest, HttpRequest } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

/** The series of requests that are alike but for their duration. */
interface Kind extends Pick<HttpRequest, 'method' | 'statusCode' | 'scheme' | 'protocolVersion' | 'errorType'> {
  readonly slow: Series;
  /** Undefined where another instrumentation records it. */
  readonly duration: Series | undefined;
}

/** By route: finding the series of a request anew takes longer than all the rest. */
const kinds = new WeakMap<Instruments, Map<string | undefined, Kind[]>>();
const MAX_ROUTES = 1000;
const MAX_KINDS = 50;

export function recordHttpRequest(to: Instruments, attributes: BoundedAttributes, request: HttpRequest): void {
  const kind = kindOf(to, attributes, request);
  if (request.durationMs > thresholds().apiLatencyMs) kind.slow.record(1);
  kind.duration?.record(request.durationMs / 1000);
}

function kindOf(to: Instruments, attributes: BoundedAttributes, request: HttpRequest): Kind {
  let routes = kinds.get(to);
  if (routes === undefined) {
    routes = new Map();
    kinds.set(to, routes);
  }
  const known = routes.get(request.route);
  if (known !== undefined) {
    for (const kind of known) {
      if (
        kind.statusCode === request.statusCode &&
        kind.method === request.method &&
        kind.errorType === request.errorType &&
        kind.scheme === request.scheme &&
        kind.protocolVersion === request.protocolVersion &&
        (kind.duration === undefined) === request.recordedElsewhere
      ) {
        return kind;
      }
    }
  }
  return learn(routes, to, attributes, request);
}

function learn(
  routes: Map<string | undefined, Kind[]>,
  to: Instruments,
  { none }: BoundedAttributes,
  request: HttpRequest,
): Kind {
  const { method, route, statusCode, scheme, protocolVersion, errorType, recordedElsewhere } = request;
  const base = none.with('http.request.method', method).given('http.route', route);
  const slow = to.with('httpSlowRequests', base);
  // There at 0 before the first slow request: a series that is born with it hides it from a rate.
  slow.record(0);
  const ended = base
    .with('http.response.status_code', statusCode)
    .with('url.scheme', scheme)
    .with('network.protocol.version', protocolVersion)
    .given('error.type', errorType);
  const duration = recordedElsewhere ? undefined : to.with('httpServerRequestDuration', ended);
  const kind: Kind = { method, statusCode, scheme, protocolVersion, errorType, slow, duration };
  // What is bounded away is counted each time.
  const { 'http.route': keptRoute, 'error.type': keptType } = ended.attributes;
  if (keptRoute !== route || keptType !== errorType) return kind;
  const known = routes.get(route);
  if (known === undefined) {
    if (routes.size < MAX_ROUTES) routes.set(route, [kind]);
  } else if (known.length < MAX_KINDS) known.push(kind);
  return kind;
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
