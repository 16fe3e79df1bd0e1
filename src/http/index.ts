export { createExpressMiddleware, type ExpressMiddleware } from './express.ts';
export { createFastifyPlugin, type FastifyPlugin } from './fastify.ts';
export { createKoaMiddleware, type KoaMiddleware } from './koa.ts';
export type { MiddlewareOptions } from './middleware.ts';
