import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PerformanceMonitor } from '../monitor/index.ts';
import { type MiddlewareOptions, settingsOf } from './middleware.ts';
import { startNodeRequest } from './node-request.ts';

/** The part of Koa's context that is read. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** A middleware as Koa takes it. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Measures every request that passes through: span, `http.server.request.duration`, and the monitor's operation
 * `GET /users/:id` where @koa/router (or koa-router) routes. Put it first.
 */
export function createKoaMiddleware(monitor?: PerformanceMonitor, options?: MiddlewareOptions): KoaMiddleware {
  const settings = settingsOf(monitor, options, { route: koaRoute });
  return async function gaugeway(koa, next) {
    const running = startNodeRequest(koa.req, koa.res, settings, koa);
    if (running === undefined) return next();
    try {
      return await running.run(next);
    } catch (error) {
      running.threw(error);
      throw error;
    }
  };
}

/** What routers and koa-mount leave on the context; Koa itself knows no routes. */
interface RoutedContext {
  readonly _matchedRoute?: unknown;
  readonly mountPath?: unknown;
  readonly originalUrl?: unknown;
}

function koaRoute(koa: KoaContext): string | undefined {
  const { _matchedRoute: route, mountPath, originalUrl } = koa as RoutedContext;
  if (route === undefined || route === null) return undefined;
  if (typeof route !== 'string') return route instanceof RegExp ? String(route) : undefined;
  const isMounted = typeof mountPath === 'string' && mountPath !== '/' && mountPath !== '';
  if (!isMounted) return route;
  // Of mounts inside of mounts only the innermost is known.
  return String(originalUrl).startsWith(mountPath) ? `${mountPath.replace(/\/$/, '')}${route}` : undefined;
}
