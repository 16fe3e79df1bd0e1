import { context } from '@opentelemetry/api';
import type { PerformanceMonitor } from '../monitor/index.ts';
import { drop, hookFailed } from '../observe.ts';
import { type RunningRequest, requests } from '../recorders/requests.ts';
import { type MiddlewareOptions, type Settings, settingsOf } from './middleware.ts';
import { startNodeRequest } from './node-request.ts';
import { isStream, watchBody } from './web-body.ts';

export type { HandlerFramework, Handlers } from './handlers.ts';
export type { MiddlewareOptions } from './middleware.ts';
export type { MetricNames } from './service-text.ts';
export {
  createMetricsHandler,
  createStatsHandler,
  type HandlerOptions,
  type MetricsHandlerOptions,
} from './stats-handler.ts';

/** The part of Hono's context that is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly env?: unknown;
  readonly error?: Error | undefined;
  res: Response;
}

/** A middleware as Hono takes it. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<void>;

/**
 * Measures every request that passes through: span, `http.server.request.duration`, and the monitor's operation
 * `GET /users/:id`. Runs on Node, where the response's last byte ends a request, and on edge runtimes, where the returned
 * response does, or the end of an event stream. Put it first, with `app.use(createHonoMiddleware(monitor))`.
 */
export function createHonoMiddleware(monitor?: PerformanceMonitor, options?: MiddlewareOptions): HonoMiddleware {
  const settings = settingsOf(monitor, options);
  return async function gaugeway(hono, next) {
    const node = nodeOf(hono.env);
    const running =
      node === undefined
        ? startWebRequest(hono, settings)
        : startNodeRequest(node.incoming, node.outgoing, () => honoRoute(hono), settings);
    if (running === undefined) return next();
    try {
      await context.with(running.context, next);
      if (hono.error !== undefined) running.threw(hono.error);
    } catch (error) {
      running.threw(error);
      if (node === undefined) running.end({});
      throw error;
    }
    if (node === undefined) endWebRequest(running, hono);
  };
}

type NodePair = {
  readonly [Name in 'incoming' | 'outgoing']: Parameters<typeof startNodeRequest>[Name extends 'incoming' ? 0 : 1];
};

/** @hono/node-server hands over Node's own request and response. */
function nodeOf(env: unknown): NodePair | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodePair>;
  const isNode = typeof outgoing?.prependOnceListener === 'function' && incoming?.headers !== undefined;
  return isNode ? { incoming, outgoing } : undefined;
}

function startWebRequest(hono: HonoContext, settings: Settings): RunningRequest | undefined {
  try {
    const { raw } = hono.req;
    const url = new URL(raw.url);
    return requests.start(
      {
        method: raw.method,
        scheme: url.protocol === 'https:' ? 'https' : 'http',
        path: url.pathname,
        headers: {
          traceparent: header(raw, 'traceparent'),
          tracestate: header(raw, 'tracestate'),
          baggage: header(raw, 'baggage'),
        },
        host: url.host,
        userAgent: header(raw, 'user-agent'),
        identity: raw,
      },
      { ...settings, route: () => honoRoute(hono) },
    );
  } catch (error) {
    hookFailed('a middleware', error);
    return undefined;
  }
}

function header(request: Request, name: string): string | undefined {
  return request.headers.get(name) ?? undefined;
}

function endWebRequest(running: RunningRequest, hono: HonoContext): void {
  try {
    const { res: response } = hono;
    const { status: statusCode } = response;
    if (response.body === null || !isStream(response.headers)) return running.end({ statusCode });
    const watched = watchBody(response.body, (end, error) => {
      if (end === 'failed') running.threw(error);
      running.end({ statusCode, aborted: end === 'cancelled' });
    });
    const answer = new Response(watched, response);
    // Set anew, or Hono would add the headers of the old one again.
    hono.res = undefined as never;
    hono.res = answer;
  } catch (error) {
    hookFailed('a middleware', error);
    drop('unobservable');
    running.discard();
  }
}

interface HonoRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: ((...args: never[]) => unknown) & { readonly __COMPOSED_HANDLER?: HonoRoute['handler'] };
}

/** The last handler that ran, else the first that would have: a middleware that answers itself (401) stands before it. */
function honoRoute(hono: HonoContext): string | undefined {
  const { matchedRoutes, routeIndex } = hono.req as { matchedRoutes?: readonly HonoRoute[]; routeIndex?: number };
  if (matchedRoutes === undefined) return undefined;
  const last = routeIndex ?? matchedRoutes.length - 1;
  return (
    matchedRoutes.slice(0, last + 1).findLast(isHandler)?.path ?? matchedRoutes.slice(last + 1).find(isHandler)?.path
  );
}

/** What `app.use` registers is for all methods and takes `next`; a sub-application with its own `onError` wraps it. */
function isHandler({ method, handler }: HonoRoute): boolean {
  let own = handler;
  while (own.__COMPOSED_HANDLER !== undefined) own = own.__COMPOSED_HANDLER;
  return method !== 'ALL' || own.length < 2;
}
