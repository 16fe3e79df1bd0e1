import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PerformanceMonitor } from '../monitor/index.ts';
import { requests } from '../recorders/requests.ts';
import { type MiddlewareOptions, settingsOf } from './middleware.ts';
import { startNodeRequest } from './node-request.ts';

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly is404?: boolean;
  readonly routeOptions?: { readonly url?: string | undefined };
}

interface FastifyReply {
  readonly raw: ServerResponse;
}

/** The part of a Fastify instance that is used. */
export interface FastifyInstance {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of Fastify 4 and 5 differ, and both must fit
  addHook(...hook: any[]): unknown;
}

/** A plugin as Fastify takes it. */
export type FastifyPlugin = (instance: FastifyInstance, options: unknown, done: () => void) => void;

type Done = () => void;

/**
 * Measures every request of the instance: span, `http.server.request.duration`, and the monitor's operation
 * `GET /users/:id`. For Fastify 4 and 5; register it first, on the root.
 */
export function createFastifyPlugin(monitor?: PerformanceMonitor, options?: MiddlewareOptions): FastifyPlugin {
  const settings = settingsOf(monitor, options, { route: fastifyRoute });
  const plugin: FastifyPlugin = (instance, _options, done) => {
    instance.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, next: Done) => {
      const running = startNodeRequest(request.raw, reply.raw, settings, request);
      if (running === undefined) return next();
      running.run(next);
    });
    // The body was read from the socket's events, in which the context of the request is not active.
    instance.addHook('preValidation', (request: FastifyRequest, reply: FastifyReply, next: Done) => {
      const running = hasBody(request.raw) ? requests.of(request.raw, reply.raw) : undefined;
      if (running === undefined) return next();
      running.resume(next);
    });
    instance.addHook('onError', (request: FastifyRequest, reply: FastifyReply, error: unknown, next: Done) => {
      requests.of(request.raw, reply.raw)?.threw(error);
      next();
    });
    done();
  };
  // As fastify-plugin marks them: hooks for the whole instance, not for an encapsulated part, and checked versions.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'gaugeway',
    [Symbol.for('plugin-meta')]: { name: 'gaugeway', fastify: '4.x || 5.x' },
  });
}

function fastifyRoute(request: FastifyRequest): string | undefined {
  return request.is404 === true ? undefined : request.routeOptions?.url;
}

/** HTTP/2 need not say so. */
function hasBody({ headers, httpVersionMajor }: IncomingMessage): boolean {
  const isAnnounced = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return isAnnounced || httpVersionMajor >= 2;
}
