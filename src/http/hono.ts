import type { PerformanceMonitor } from '../monitor/index.ts';
import { drop, hookFailed } from '../observe.ts';
import { type RequestDescription, type RunningRequest, requests } from '../recorders/requests.ts';
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
  const settings = settingsOf(monitor, options, { route: honoRoute, error: ({ error }: HonoContext) => error });
  return function gaugeway(hono, next) {
    const node = nodeOf(hono.env);
    if (node === undefined) return answerOnEdge(hono, next, settings);
    const running = startNodeRequest(node.incoming, node.outgoing, settings, hono);
    // Whatever is thrown is on the context when the response closes: there is nothing to wait for.
    return running === undefined ? next() : running.run(next);
  };
}

async function answerOnEdge(hono: HonoContext, next: () => Promise<void>, settings: Settings): Promise<void> {
  const running = startWebRequest(hono, settings);
  if (running === undefined) return next();
  try {
    await running.run(next);
  } catch (error) {
    running.threw(error);
    running.end({});
    throw error;
  }
  endWebRequest(running, hono);
}

type NodePair = {
  readonly [Name in 'incoming' | 'outgoing']: Parameters<typeof startNodeRequest>[Name extends 'incoming' ? 0 : 1];
};

/** @hono/node-server hands over Node's own request and response. */
function nodeOf(env: unknown): NodePair | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodePair>;
  const isNode = typeof outgoing?.prependListener === 'function' && incoming?.headers !== undefined;
  return isNode ? { incoming, outgoing } : undefined;
}

function startWebRequest(hono: HonoContext, settings: Settings): RunningRequest | undefined {
  try {
    const { raw } = hono.req;
    return requests.start(
      {
        method: raw.method,
        scheme: raw.url.startsWith('https:') ? 'https' : 'http',
        headers: {
          traceparent: header(raw, 'traceparent'),
          tracestate: header(raw, 'tracestate'),
          baggage: header(raw, 'baggage'),
        },
        identity: raw,
        describe,
      },
      settings,
      hono,
    );
  } catch (error) {
    hookFailed('a middleware', error);
    return undefined;
  }
}

function describe(request: Request): RequestDescription {
  const url = new URL(request.url);
  return { path: url.pathname, host: url.host, userAgent: header(request, 'user-agent') };
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
  for (let at = last; at >= 0; at--) if (isHandler(matchedRoutes[at])) return matchedRoutes[at]?.path;
  for (let at = last + 1; at < matchedRoutes.length; at++)
    if (isHandler(matchedRoutes[at])) return matchedRoutes[at]?.path;
  return undefined;
}

/** What `app.use` registers is for all methods and takes `next`; a sub-application with its own `onError` wraps it. */
function isHandler(route: HonoRoute | undefined): boolean {
  if (route === undefined) return false;
  const { method, handler } = route;
  let own = handler;
  while (own.__COMPOSED_HANDLER !== undefined) own = own.__COMPOSED_HANDLER;
  return method !== 'ALL' || own.length < 2;
}
