import express from 'express';
import Fastify from 'fastify';
import Fastify4 from 'fastify-4';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetricsHandler, createStatsHandler } from '../../src/http/index.ts';
import { PerformanceMonitor } from '../../src/monitor/index.ts';
import { serveHono } from './frameworks/hono.ts';
import { drive, type Served, serve } from './server.ts';

const monitor = new PerformanceMonitor();
monitor.record('GET /users/:id', 12);
monitor.record('__proto__', 1);

let served: Served;
afterEach(() => served.stop());

const TOKEN = 'a-long-token-4711';

/** Applications with `/stats` and `/metrics` for those who know the token. */
const applications: Record<string, () => Promise<Served>> = {
  async 'Express, Connect and node:http'() {
    const app = express();
    app.get('/stats', createStatsHandler(monitor, { token: TOKEN }));
    app.get('/metrics', createMetricsHandler({ token: TOKEN }));
    return serve(app);
  },
  async Hono() {
    const app = new Hono();
    app.get('/stats', createStatsHandler(monitor, { framework: 'hono', token: TOKEN }));
    app.get('/metrics', createMetricsHandler({ framework: 'hono', token: TOKEN }));
    return serveHono(app);
  },
  async Koa() {
    const app = new Koa();
    const stats = createStatsHandler(monitor, { framework: 'koa', token: TOKEN });
    const metrics = createMetricsHandler({ framework: 'koa', token: TOKEN });
    app.use((context) => (context.path === '/stats' ? stats(context) : metrics(context)));
    return serve(app.callback());
  },
  async 'Fastify 5'() {
    const app = Fastify();
    app.get('/stats', createStatsHandler(monitor, { framework: 'fastify', token: TOKEN }));
    app.get('/metrics', createMetricsHandler({ framework: 'fastify', token: TOKEN }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return drive(app.server);
  },
  async 'Fastify 4'() {
    const app = Fastify4();
    app.get('/stats', createStatsHandler(monitor, { framework: 'fastify', token: TOKEN }));
    app.get('/metrics', createMetricsHandler({ framework: 'fastify', token: TOKEN }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return drive(app.server);
  },
};

describe.each(Object.entries(applications))('the handlers in %s', (_, start) => {
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  it('answer those who know the token', async () => {
    served = await start();
    const stats = await served.send('/stats', bearer(TOKEN));
    expect(stats.headers['content-type']).toMatch(/^application\/json/);
    expect(stats.headers['cache-control']).toBe('no-store');
    expect(
      Object.entries(JSON.parse(stats.body)).map(([name, one]) => [name, (one as { count: number }).count]),
    ).toEqual([
      ['GET /users/:id', 1],
      ['__proto__', 1],
    ]);
    const metrics = await served.send('/metrics', bearer(TOKEN));
    expect([metrics.status, metrics.headers['content-type']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
  });

  it.each([
    ['none', {}],
    ['a wrong one', bearer('a-long-token-4712')],
    ['a longer one', bearer(`${TOKEN}${TOKEN}`)],
    ['its beginning', bearer(TOKEN.slice(0, 3))],
    ['another scheme', { headers: { authorization: `Basic ${TOKEN}` } }],
  ])('refuse who brings %s', async (__, options) => {
    served = await start();
    for (const path of ['/stats', '/metrics']) {
      const { status, headers, body } = await served.send(path, options);
      expect([status, headers['www-authenticate'], body]).toEqual([401, 'Bearer', 'Unauthorized\n']);
    }
  });
});

it('without a token they answer anybody', async () => {
  const app = express();
  app.get('/stats', createStatsHandler(monitor));
  served = await serve(app);
  expect((await served.send('/stats')).status).toBe(200);
});

it('a monitor that fails is a 500 without details', async () => {
  const app = express();
  const broken = {
    getStats() {
      throw new Error('secret');
    },
  };
  app.get('/stats', createStatsHandler(broken as never));
  served = await serve(app);
  const { status, body } = await served.send('/stats');
  expect([status, body]).toEqual([500, 'Internal Server Error\n']);
});

it.each([
  [{ token: '' }, '"token" must be a non-empty string'],
  [{ framework: 'constructor' as never }, '"framework" must be one of express, hono, koa, fastify'],
  [{ framework: 'restify' as never }, '"framework" must be one of express, hono, koa, fastify'],
])('%o throws, and names its remedy', async (options, message) => {
  served = await serve(() => undefined);
  expect(() => createStatsHandler(monitor, options)).toThrow(message);
  expect(() => createMetricsHandler(options)).toThrow(message);
});
