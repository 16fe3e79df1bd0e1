import { setTimeout as sleep } from 'node:timers/promises';
import connect from 'connect';
import express, { type Express, type Request, type Response } from 'express';
import express4 from 'express-4';
import { createExpressMiddleware } from '../../../src/http/index.ts';
import { serve } from '../server.ts';
import { activeSpan, CHUNKS, FAILURE, type Framework, TEAPOT } from './framework.ts';

const expresses: readonly (readonly [name: string, create: typeof express])[] = [
  ['Express 5', express],
  ['Express 4', express4],
];

function addRoutes(app: Express, create: typeof express): void {
  app.use(create.json());
  app.get('/users/:id', (_request, response) => void response.set('x-span', activeSpan()).send('ok'));
  app.post('/echo', (request, response) => void response.set('x-span', activeSpan()).json(request.body));
  app.get('/fail', () => {
    throw FAILURE;
  });
  app.get('/teapot', (_request, _response, next) => next(TEAPOT));
  app.get('/stream', async (_request, response) => {
    for (const chunk of CHUNKS) {
      response.write(chunk);
      await sleep(20);
    }
    response.end();
  });
  app.get('/endless', (_request, response) => void response.write('data: 1\n\n'));
  app.get('/silent', () => undefined);
  const tenant = create.Router();
  tenant.get('/items/:item', (_request: Request, response: Response) => void response.send('item'));
  app.use('/tenants/:tenant', tenant);
}

export const expressFrameworks: readonly Framework[] = expresses.map(([name, create]) => ({
  name,
  hasRoutes: true,
  start({ times = 1, options } = {}) {
    const app = create();
    // Otherwise what a handler throws is printed.
    app.set('env', 'test');
    for (let i = 0; i < times; i++) app.use(createExpressMiddleware(undefined, options));
    addRoutes(app, create);
    return serve(app);
  },
}));

export const connectFramework: Framework = {
  name: 'Connect',
  hasRoutes: false,
  start({ times = 1, options } = {}) {
    const app = connect();
    for (let i = 0; i < times; i++) app.use(createExpressMiddleware(undefined, options));
    app.use('/users', (_request, response) => {
      response.setHeader('x-span', activeSpan());
      response.end('ok');
    });
    app.use('/echo', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.setHeader('x-span', activeSpan());
      response.end(body);
    });
    app.use('/fail', () => {
      throw FAILURE;
    });
    app.use('/teapot', () => {
      throw TEAPOT;
    });
    app.use('/stream', async (_request, response) => {
      for (const chunk of CHUNKS) {
        response.write(chunk);
        await sleep(20);
      }
      response.end();
    });
    app.use('/endless', (_request, response) => {
      response.write('data: 1\n\n');
    });
    app.use('/silent', () => undefined);
    app.use(
      (error: { status?: number }, _request: unknown, response: import('node:http').ServerResponse, _next: unknown) => {
        response.statusCode = error.status ?? 500;
        response.end();
      },
    );
    return serve(app);
  },
};
