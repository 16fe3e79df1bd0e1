// A server of one framework with one way to measure it; says its port, and its CPU time when asked.
import { createServer } from 'node:http';

const { BENCH_FRAMEWORK: framework, BENCH_METER: meter } = process.env;

const meters = {
  bare: async () => undefined,
  async gaugeway() {
    const { PerformanceMonitor } = await import('../dist/src/monitor/index.js');
    const monitor = new PerformanceMonitor();
    const http = await import('../dist/src/http/index.js');
    const { createHonoMiddleware } = await import('../dist/src/http/hono.js');
    return {
      hono: (app) => app.use(createHonoMiddleware(monitor)),
      fastify: (app) => app.register(http.createFastifyPlugin(monitor)),
      express: (app) => app.use(http.createExpressMiddleware(monitor)),
    };
  },
  /** As the manual of prom-client has it: a histogram by method, route and status. */
  async 'prom-client'() {
    const { default: prom } = await import('prom-client');
    const duration = new prom.Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 7.5, 10],
    });
    const observe = (method, route, status, startedAt) =>
      duration.observe({ method, route, status }, (performance.now() - startedAt) / 1000);
    return {
      hono: (app) =>
        app.use(async (context, next) => {
          const startedAt = performance.now();
          await next();
          observe(context.req.method, context.req.routePath, context.res.status, startedAt);
        }),
      fastify(app) {
        app.addHook('onResponse', (request, reply, done) => {
          observe(request.method, request.routeOptions.url, reply.statusCode, performance.now() - reply.elapsedTime);
          done();
        });
      },
      express: (app) =>
        app.use((request, response, next) => {
          const startedAt = performance.now();
          response.on('finish', () => observe(request.method, request.route?.path, response.statusCode, startedAt));
          next();
        }),
    };
  },
  /** It hooks node:http, which was loaded through it; the framework needs nothing. */
  'instrumentation-http': async () => undefined,
};

const apps = {
  async hono(use) {
    const { Hono } = await import('hono');
    const { getRequestListener } = await import('@hono/node-server');
    const app = new Hono();
    use?.hono(app);
    app.get('/users/:id', (context) => context.json({ id: context.req.param('id') }));
    return getRequestListener(app.fetch);
  },
  async fastify(use) {
    const { default: Fastify } = await import('fastify');
    const app = Fastify();
    use?.fastify(app);
    app.get('/users/:id', (request, reply) => {
      reply.send({ id: request.params.id });
    });
    await app.ready();
    return app.routing;
  },
  async express(use) {
    const { default: express } = await import('express');
    const app = express();
    use?.express(app);
    app.get('/users/:id', (request, response) => {
      response.json({ id: request.params.id });
    });
    return app;
  },
};

const listener = await apps[framework](await meters[meter]());
const server = createServer(listener).listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit());
