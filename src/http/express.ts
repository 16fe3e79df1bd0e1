import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PerformanceMonitor } from '../monitor/index.ts';
import { expressRoute } from './express-route.ts';
import { type MiddlewareOptions, settingsOf } from './middleware.ts';
import { startNodeRequest } from './node-request.ts';

/** A handler as Express and Connect take it. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Measures every request that passes through: span, `http.server.request.duration`, and the monitor's operation
 * `GET /users/:id`. For Express 4 and 5 and Connect; put it first. Without a monitor only OpenTelemetry is told.
 */
export function createExpressMiddleware(monitor?: PerformanceMonitor, options?: MiddlewareOptions): ExpressMiddleware {
  const settings = settingsOf(monitor, options, { route: expressRoute });
  return function gaugeway(request, response, next) {
    const running = startNodeRequest(request, response, settings, request);
    if (running === undefined) return next();
    running.run(next);
  };
}
