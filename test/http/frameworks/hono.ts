import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { createHonoMiddleware } from '../../../src/http/hono.ts';
import { drive } from '../server.ts';
import { activeSpan, CHUNKS, FAILURE, type Framework, TEAPOT } from './framework.ts';

export function addRoutes(app: Hono): void {
  app.onError((error, context) => context.text('failed', error === TEAPOT ? 418 : 500));
  app.get('/users/:id', (context) => context.text('ok', 200, { 'x-span': activeSpan() }));
  app.post('/echo', async (context) => context.json(await context.req.json(), 200, { 'x-span': activeSpan() }));
  app.get('/fail', () => {
    throw FAILURE;
  });
  app.get('/teapot', () => {
    throw TEAPOT;
  });
  app.get('/stream', (context) =>
    stream(context, async (out) => {
      for (const chunk of CHUNKS) {
        await out.write(chunk);
        await sleep(20);
      }
    }),
  );
  app.get('/endless', (context) =>
    stream(context, async (out) => {
      await out.write('data: 1\n\n');
      await new Promise((resolve) => out.onAbort(() => resolve(undefined)));
    }),
  );
  app.get('/silent', () => new Promise<Response>(() => undefined));
  const tenant = new Hono();
  tenant.get('/items/:item', (context) => context.text('item'));
  app.route('/tenants/:tenant', tenant);
}

/** Serves it on Node. */
export async function serveHono(app: Hono) {
  const server = await new Promise<ServerType>((resolve) => {
    const started: ServerType = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started));
  });
  return drive(server as Server);
}

export const honoFramework: Framework = {
  name: 'Hono on Node',
  hasRoutes: true,
  start({ times = 1, options } = {}) {
    const app = new Hono();
    for (let i = 0; i < times; i++) app.use(createHonoMiddleware(undefined, options));
    addRoutes(app);
    return serveHono(app);
  },
};
