import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerType, serve as serveWeb } from '@hono/node-server';
import KoaRouter from '@koa/router';
import { trace } from '@opentelemetry/api';
import connect from 'connect';
import express from 'express';
import express4 from 'express-4';
import Fastify from 'fastify';
import Fastify4 from 'fastify-4';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { httpServerInstrumentation } from '../../instrumentations/http-server.ts';
import { wireInstrumentation } from '../../instrumentations/wire.ts';
import { createHonoMiddleware } from '../../src/http/hono.ts';
import { createExpressMiddleware, createFastifyPlugin, createKoaMiddleware } from '../../src/http/index.ts';
import type { GatewayRequest, ModelAttempt } from '../../src/observations.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { drive, type Served, serve, until } from './server.ts';

const OWN_MS = 20;

let recording: Recording;
let provider: MockProvider;
let served: Served;
let stops: (() => void)[];
beforeEach(async () => {
  recording = startRecording();
  provider = await startMockProvider({ behaviour: { headerDelayMs: 40 } });
  const wire = wireInstrumentation({ modelEndpoints: [{ provider: 'openai', url: `${provider.url}/v1` }] });
  wire.enable();
  stops = [() => wire.disable()];
});
afterEach(async () => {
  for (const stop of stops) stop();
  await served.stop();
  await provider.close();
  recording.stop();
});

/** What a gateway does: something of its own, a call to a provider, something of its own. */
async function answer(): Promise<string> {
  await sleep(OWN_MS);
  const response = await fetch(`${provider.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
  });
  await response.text();
  await sleep(OWN_MS);
  return 'done';
}

const gateways: Record<string, () => Promise<Served>> = {
  'Express 5'() {
    const app = express();
    app.use(createExpressMiddleware());
    app.get('/chat/:id', async (_request, response) => void response.send(await answer()));
    return serve(app);
  },
  'Express 4'() {
    const app = express4();
    app.use(createExpressMiddleware());
    app.get('/chat/:id', async (_request, response) => void response.send(await answer()));
    return serve(app);
  },
  Connect() {
    const app = connect();
    app.use(createExpressMiddleware());
    app.use('/chat', async (_request, response) => void response.end(await answer()));
    return serve(app);
  },
  Koa() {
    const app = new Koa();
    const router = new KoaRouter();
    router.get('/chat/:id', async (context) => {
      context.body = await answer();
    });
    app.use(createKoaMiddleware()).use(router.routes());
    return serve(app.callback());
  },
  async 'Fastify 5'() {
    const app = Fastify();
    await app.register(createFastifyPlugin());
    app.get('/chat/:id', answer);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return drive(app.server);
  },
  async 'Fastify 4'() {
    const app = Fastify4();
    await app.register(createFastifyPlugin());
    app.get('/chat/:id', answer);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return drive(app.server);
  },
  async Hono() {
    const app = new Hono();
    app.use(createHonoMiddleware());
    app.get('/chat/:id', async (context) => context.text(await answer()));
    const server = await new Promise<ServerType>((resolve) => {
      const started: ServerType = serveWeb({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () =>
        resolve(started),
      );
    });
    return drive(server as Server);
  },
};

describe.each(Object.entries(gateways))('the overhead of a gateway on %s', (name, start) => {
  it.each([
    ['beside the hook of node:http', true, true],
    ['beside that hook, and without spans', true, false],
    ['by the middleware alone', false, true],
    ['by the middleware alone, and without spans', false, false],
  ])('is its time less that of the provider, told once: %s', async (_, isHooked, isTraced) => {
    if (!isTraced) trace.disable();
    if (isHooked) {
      const hook = httpServerInstrumentation();
      hook.enable();
      stops.push(() => hook.disable());
    }
    served = await start();
    expect((await served.send('/chat/42')).body).toBe('done');
    const told = () => recording.observations.filter((seen): seen is GatewayRequest => seen.kind === 'gateway_request');
    await until(() => told().length > 0);
    const attempt = recording.observations.find((seen): seen is ModelAttempt => seen.kind === 'model_attempt');
    expect(told()).toHaveLength(1);
    const [{ route, durationMs, upstreamMs }] = told() as [GatewayRequest];
    expect(route).toBe(name === 'Connect' ? undefined : '/chat/:id');
    expect(upstreamMs).toBeCloseTo(attempt?.durationMs ?? 0, 3);
    expect(upstreamMs).toBeGreaterThan(35);
    // Timers may fire a millisecond early.
    expect(durationMs - upstreamMs).toBeGreaterThan(2 * OWN_MS - 3);
  });
});
