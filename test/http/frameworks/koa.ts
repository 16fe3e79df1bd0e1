import { setTimeout as sleep } from 'node:timers/promises';
import KoaRouter from '@koa/router';
import Koa from 'koa';
import koaMount from 'koa-mount';
import { createKoaMiddleware } from '../../../src/http/index.ts';
import { serve } from '../server.ts';
import { activeSpan, CHUNKS, FAILURE, type Framework, TEAPOT } from './framework.ts';

function createRouter(): KoaRouter {
  const router = new KoaRouter();
  router.get('/users/:id', (context) => {
    context.set('x-span', activeSpan());
    context.body = 'ok';
  });
  router.post('/echo', async (context) => {
    let body = '';
    for await (const chunk of context.req) body += chunk;
    context.set('x-span', activeSpan());
    context.body = JSON.parse(body);
  });
  router.get('/fail', () => {
    throw FAILURE;
  });
  router.get('/teapot', () => {
    throw TEAPOT;
  });
  router.get('/stream', async (context) => {
    context.respond = false;
    context.res.statusCode = 200;
    for (const chunk of CHUNKS) {
      context.res.write(chunk);
      await sleep(20);
    }
    context.res.end();
  });
  router.get('/endless', (context) => {
    context.respond = false;
    context.res.statusCode = 200;
    context.res.write('data: 1\n\n');
  });
  router.get('/silent', (context) => {
    context.respond = false;
  });
  const items = new KoaRouter();
  items.get('/items/:item', (context) => {
    context.body = 'item';
  });
  router.use('/tenants/:tenant', items.routes());
  return router;
}

export const koaFramework: Framework = {
  name: 'Koa with @koa/router',
  hasRoutes: true,
  start({ times = 1, options } = {}) {
    const app = new Koa();
    app.silent = true;
    for (let i = 0; i < times; i++) app.use(createKoaMiddleware(undefined, options));
    app.use(createRouter().routes());
    const mounted = new Koa();
    mounted.use(createRouter().routes());
    app.use(koaMount('/mounted', mounted));
    return serve(app.callback());
  },
};
