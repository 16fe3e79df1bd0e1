import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import express from 'express';
import Fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpServerInstrumentation } from '../../instrumentations/http-server.ts';
import { createHonoMiddleware } from '../../src/http/hono.ts';
import { createExpressMiddleware, createFastifyPlugin } from '../../src/http/index.ts';
import { modelCalls } from '../../src/index.ts';
import type { GatewayRequest, HttpRequest } from '../../src/observations.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { drive, type Served, serve, until } from './server.ts';

let recording: Recording;
let served: Served;
let unhook: () => void;
beforeEach(() => {
  recording = startRecording();
  // Nobody wants spans: all that is left of the context of a request is which request it is.
  trace.disable();
  const hook = httpServerInstrumentation();
  hook.enable();
  unhook = () => hook.disable();
});
afterEach(async () => {
  await served.stop();
  unhook();
  recording.stop();
});

const CALL_MS = 30;
const callModel = () => modelCalls.run({ provider: 'custom', model: 'm' }, () => sleep(CALL_MS));
const requests = () => recording.observations.filter((seen): seen is HttpRequest => seen.kind === 'http_request');
const gateways = () => recording.observations.filter((seen): seen is GatewayRequest => seen.kind === 'gateway_request');

async function fastify(set: (app: FastifyInstance) => void): Promise<Served> {
  const app = Fastify();
  await app.register(createFastifyPlugin());
  set(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return drive(app.server);
}

describe('a request without a span', () => {
  it('is answered in the context that it came in', async () => {
    const seen: unknown[] = [];
    served = await fastify((app) =>
      app.get('/', async () => {
        seen.push(context.active() === ROOT_CONTEXT);
        return 'done';
      }),
    );
    await served.send('/');
    await until(() => requests().length === 1);
    expect(seen).toEqual([true]);
  });

  it('is answered in the context that its headers tell', async () => {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const traceId = 'a'.repeat(32);
    let seen: string | undefined;
    served = await fastify((app) =>
      app.get('/', async () => {
        seen = trace.getSpanContext(context.active())?.traceId;
        return 'done';
      }),
    );
    await served.send('/', { headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } });
    expect(seen).toBe(traceId);
  });

  it('has the model calls that are made after its body was read', async () => {
    served = await fastify((app) =>
      app.post('/chat', async () => {
        await callModel();
        return 'done';
      }),
    );
    // The body comes by an event of the socket, in which nothing of the request is active.
    const headers = { 'content-type': 'application/json' };
    const sent = request({
      port: served.port,
      host: '127.0.0.1',
      path: '/chat',
      method: 'POST',
      headers,
      agent: false,
    });
    sent.flushHeaders();
    await sleep(20);
    sent.end('{"messages":[]}');
    const [response] = await once(sent, 'response');
    response.resume();
    await until(() => requests().length === 1);
    expect(gateways()).toMatchObject([{ route: '/chat' }]);
    expect(gateways()[0]?.upstreamMs).toBeGreaterThanOrEqual(CALL_MS - 2);
  });

  it('is recorded once by middlewares in each other, of which the innermost knows the route', async () => {
    const app = express();
    app.use(createExpressMiddleware(), createExpressMiddleware());
    app.get('/outer/:id', async (_request, response) => {
      const inner = new Hono();
      inner.use(createHonoMiddleware());
      inner.get('/inner/:id', (honoContext) => honoContext.text('done'));
      // Handed on in this process, as a request of the web.
      response.send(await (await inner.request('/inner/7')).text());
    });
    served = await serve(app);
    expect((await served.send('/outer/7')).body).toBe('done');
    await until(() => requests().length > 0);
    expect(requests()).toMatchObject([{ route: '/inner/:id', statusCode: 200, outcome: 'success' }]);
  });

  it('keeps requests apart that are answered at the same time, on one connection or on several', async () => {
    served = await fastify((app) => {
      app.get('/slow', async () => {
        await callModel();
        return 'done';
      });
      app.get('/quick', async () => 'done');
      app.get('/broken', async () => {
        await sleep(1);
        throw new TypeError('no');
      });
    });
    const paths = Array.from({ length: 30 }, (_, i) => ['/slow', '/quick', '/broken'][i % 3] as string);
    await Promise.all(paths.map((path) => served.send(path)));
    await until(() => requests().length === 30);
    expect(gateways().map(({ route }) => route)).toEqual(Array(10).fill('/slow'));
    for (const { route, outcome, statusCode } of requests()) {
      expect([outcome, statusCode]).toEqual(route === '/broken' ? ['error', 500] : ['success', 200]);
    }
  });

  it('counts from its arrival, though its middleware had it later', async () => {
    const app = express();
    app.use((_request, _response, next) => void setTimeout(next, 40));
    app.use(createExpressMiddleware());
    app.get('/', (_request, response) => void response.send('done'));
    served = await serve(app);
    const before = Date.now();
    await served.send('/');
    await until(() => requests().length === 1);
    expect(requests()[0]?.durationMs).toBeGreaterThanOrEqual(39);
    expect(Math.abs((requests()[0]?.startTime ?? 0) - before)).toBeLessThan(1000);
  });

  it('leaves what the application has in its context where it is', async () => {
    const key = createContextKey('a test');
    const app = express();
    app.use((_request, _response, next) => context.with(ROOT_CONTEXT.setValue(key, 'mine'), next));
    app.use(createExpressMiddleware());
    app.get('/', (_request, response) => void response.send(String(context.active().getValue(key))));
    served = await serve(app);
    expect((await served.send('/')).body).toBe('mine');
  });
});
