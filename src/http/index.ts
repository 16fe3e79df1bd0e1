export { createExpressMiddleware, type ExpressMiddleware } from './express.ts';
export { createFastifyPlugin, type FastifyPlugin } from './fastify.ts';
export type { HandlerFramework, Handlers } from './handlers.ts';
export { createKoaMiddleware, type KoaMiddleware } from './koa.ts';
export type { MiddlewareOptions } from './middleware.ts';
export {
  type DbQueryOptions,
  getMetrics,
  getPerformanceStats,
  type MetricsTextOptions,
  type PerformanceStats,
  performanceMiddleware,
  trackDbQuery,
} from './performance.ts';
export type { MetricNames } from './service-text.ts';
export {
  createMetricsHandler,
  createStatsHandler,
  type HandlerOptions,
  type MetricsHandlerOptions,
} from './stats-handler.ts';
