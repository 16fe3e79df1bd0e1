import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { createHonoMiddleware, createMetricsHandler, createStatsHandler } from '../../../src/http/hono.ts';
import { observe } from '../../../src/index.ts';
import { PerformanceMonitor } from '../../../src/monitor/index.ts';
import type { HttpRequest } from '../../../src/observations.ts';

const seen: HttpRequest[] = [];
observe({ observed: (observation) => observation.kind === 'http_request' && seen.push(observation) });

const monitor = new PerformanceMonitor();
const tenant = new Hono();
tenant.get('/items/:item', (context) => context.text('item'));

const app = new Hono();
app.onError((_error, context) => context.text('failed', 500));
app.use(createHonoMiddleware(monitor), createHonoMiddleware(monitor));
app.get('/users/:id', (context) => context.json({ id: context.req.param('id') }));
app.get('/fail', () => {
  throw new RangeError('no');
});
app.get('/stream', (context) =>
  streamSSE(context, async (out) => {
    for (const data of ['one', 'two']) await out.writeSSE({ data });
  }),
);
app.route('/tenants/:tenant', tenant);
app.get('/stats', createStatsHandler(monitor, { framework: 'hono', token: 'a-long-token' }));
app.get('/metrics', createMetricsHandler({ framework: 'hono' }));
app.get('/globals', (context) =>
  context.json({ process: typeof globalThis.process, buffer: typeof globalThis.Buffer }),
);
app.get('/seen', (context) => context.json(seen));

export default app;
