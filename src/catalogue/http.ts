import { HTTP_SERVER, OVERHEAD } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

/** Requests that the application answers. */
export const http = {
  httpServerRequestDuration: {
    name: 'http.server.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of a request that the application answered, to the last byte of the answer.',
    attributes: [
      'http.request.method',
      'url.scheme',
      'http.response.status_code',
      'http.route',
      'error.type',
      'network.protocol.version',
    ],
    buckets: HTTP_SERVER,
    shared: true,
  },
  httpSlowRequests: {
    name: 'gaugeway.http.slow_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that took longer than the threshold of `apiLatencyMs`.',
    attributes: ['http.request.method', 'http.route'],
    integer: true,
  },
  httpErrorRatio: {
    name: 'gaugeway.http.error_ratio',
    kind: 'observable_gauge',
    unit: '1',
    description: 'Share of failed requests in the last five minutes; told from 20 requests on, and 0 once fewer came.',
    attributes: [],
  },
  gatewayOverhead: {
    name: 'gaugeway.gateway.overhead',
    kind: 'histogram',
    unit: 's',
    description: 'Time of an inbound request in which no exchange with a model provider was open.',
    attributes: ['http.route'],
    buckets: OVERHEAD,
  },
} as const satisfies Record<string, InstrumentSpec>;
