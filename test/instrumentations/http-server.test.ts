import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { httpServerInstrumentation } from '../../instrumentations/http-server.ts';
import { wireInstrumentation } from '../../instrumentations/wire.ts';
import { createExpressMiddleware } from '../../src/http/index.ts';
import type { GatewayRequest, ModelAttempt, Observation } from '../../src/index.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let recording: Recording;
let provider: MockProvider;
let server: Server;
let disable: () => void;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeEach(async () => {
  recording = startRecording();
  provider = await startMockProvider({ behaviour: { headerDelayMs: 40 } });
  const wire = wireInstrumentation({ modelEndpoints: [{ provider: 'openai', url: `${provider.url}/v1` }] });
  const inbound = httpServerInstrumentation();
  wire.enable();
  inbound.enable();
  disable = () => {
    wire.disable();
    inbound.disable();
  };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  disable();
  await provider.close();
  recording.stop();
});

function only<Kind extends Observation['kind']>(kind: Kind): Extract<Observation, { kind: Kind }>[] {
  return recording.observations.filter((seen): seen is Extract<Observation, { kind: Kind }> => seen.kind === kind);
}
const gatewayRequests = (): GatewayRequest[] => only('gateway_request');
const attempts = (): ModelAttempt[] => only('model_attempt');

async function ask(behaviour = {}): Promise<string> {
  const response = await fetch(`${provider.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mock-behaviour': JSON.stringify(behaviour) },
    body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
  });
  return response.text();
}

/** Starts a server whose answers are made by `answer`, and returns how to send to it over one connection. */
async function serve(answer: (url: string) => Promise<void>): Promise<(path?: string) => Promise<void>> {
  server = createServer(async (incoming, response) => {
    await answer(incoming.url ?? '');
    response.end('done');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return async (path = '/') => {
    const sent = request({ port, host: '127.0.0.1', path, agent });
    sent.end();
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
  };
}

/** The time between the first start and the last end of these exchanges. */
function span(exchanges: readonly ModelAttempt[]): number {
  const from = Math.min(...exchanges.map(({ startTime }) => startTime));
  return Math.max(...exchanges.map(({ startTime, durationMs }) => startTime + durationMs)) - from;
}

describe('the overhead of a gateway on node:http', () => {
  it('is the time of a request without the time of the exchange inside it', async () => {
    const send = await serve(async () => {
      await sleep(20);
      await ask();
      await sleep(20);
    });
    await send();
    const [told] = gatewayRequests();
    const [attempt] = attempts();
    expect(told?.route).toBeUndefined();
    expect(told?.upstreamMs).toBeCloseTo(attempt?.durationMs ?? 0, 3);
    expect((told?.durationMs ?? 0) - (told?.upstreamMs ?? 0)).toBeGreaterThan(35);
  });

  it('counts calls side by side once, and calls one after the other each', async () => {
    const send = await serve(async (url) => {
      if (url === '/parallel') await Promise.all([ask(), ask({ headerDelayMs: 80 }), ask()]);
      else for (let i = 0; i < 3; i++) await ask();
    });
    await send('/parallel');
    // Start times are wall-clock, the time waited is not.
    expect(Math.abs((gatewayRequests()[0]?.upstreamMs ?? 0) - span(attempts()))).toBeLessThan(3);
    const before = attempts().length;
    await send('/one-by-one');
    const alone = attempts().slice(before);
    const sum = alone.reduce((total, { durationMs }) => total + durationMs, 0);
    expect(gatewayRequests()[1]?.upstreamMs).toBeCloseTo(sum, 3);
  });

  it('is told of no request without a model call', async () => {
    const send = await serve(async (url) => {
      if (url === '/ask') await ask();
    });
    await send('/health');
    await send('/ask');
    await send('/health');
    expect(gatewayRequests()).toHaveLength(1);
  });

  it('belongs to each of many requests at once, on kept connections', async () => {
    const send = await serve(async (url) => {
      await ask({ headerDelayMs: Number(url.slice(1)) });
    });
    const many = new Agent({ keepAlive: true, maxSockets: 5 });
    const { port } = server.address() as AddressInfo;
    const parallel = Array.from({ length: 20 }, async (_, i) => {
      const sent = request({ port, host: '127.0.0.1', path: `/${10 + (i % 5) * 20}`, agent: many });
      sent.end();
      const [response] = await once(sent, 'response');
      response.resume();
      await once(response, 'end');
    });
    await Promise.all(parallel);
    many.destroy();
    await send('/10');
    expect(gatewayRequests()).toHaveLength(21);
    const waited = gatewayRequests().reduce((total, { upstreamMs }) => total + upstreamMs, 0);
    const asked = attempts().reduce((total, { durationMs }) => total + durationMs, 0);
    // Each request waited for its own exchange and no other.
    expect(waited).toBeCloseTo(asked, 1);
  });

  it('does not take what goes on after the answer, nor what another event of the connection starts', async () => {
    let late: Promise<unknown> = Promise.resolve();
    const send = await serve(async () => {
      await ask({ headerDelayMs: 5 });
      late = sleep(30).then(() => ask());
    });
    await send();
    await late;
    expect(attempts()).toHaveLength(2);
    expect(gatewayRequests()).toHaveLength(1);

    let fromUpgrade: Promise<unknown> = Promise.resolve();
    server.on('upgrade', (_request, socket) => {
      fromUpgrade = ask().finally(() => socket.destroy());
    });
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'close');
    await fromUpgrade;
    await late;
    expect(attempts()).toHaveLength(5);
    expect(gatewayRequests()).toHaveLength(2);
  });

  it('is unknown when the client has gone away before the end', async () => {
    let asked: Promise<unknown> = Promise.resolve();
    await serve(() => {
      asked = ask();
      return asked.then(() => new Promise(() => undefined));
    });
    const { port } = server.address() as AddressInfo;
    const sent = request({ port, host: '127.0.0.1', agent: false });
    sent.on('error', () => undefined);
    sent.end();
    await once(server, 'request');
    await asked;
    sent.destroy();
    await sleep(20);
    expect(gatewayRequests()).toEqual([]);
  });

  it('lasts to the end of a stream that is passed on', async () => {
    const send = await serve(() => Promise.resolve());
    server.removeAllListeners('request');
    server.on('request', async (_incoming, response) => {
      const upstream = await fetch(`${provider.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-mock-behaviour': JSON.stringify({ chunkDelayMs: 10, chunks: 5 }) },
        body: JSON.stringify({ model: 'gpt-4o', messages: [], stream: true }),
      });
      for await (const chunk of upstream.body as ReadableStream<Uint8Array>) response.write(chunk);
      await sleep(15);
      response.end();
    });
    await send();
    const [told] = gatewayRequests();
    expect(told?.upstreamMs).toBeCloseTo(attempts()[0]?.durationMs ?? 0, 3);
    expect(told?.upstreamMs).toBeGreaterThan(80);
    expect((told?.durationMs ?? 0) - (told?.upstreamMs ?? 0)).toBeGreaterThan(13);
  });

  it('has the route of a middleware, and is told once', async () => {
    const { default: express } = await import('express');
    const app = express();
    app.use(createExpressMiddleware());
    app.get('/chat/:id', async (_request, response) => void response.send(await ask()));
    const send = await serve(() => Promise.resolve());
    server.removeAllListeners('request');
    server.on('request', app);
    await send('/chat/1');
    expect(gatewayRequests()).toMatchObject([{ route: '/chat/:id' }]);
  });
});

it('a middleware without the hook tells the overhead by itself', async () => {
  disable();
  const { default: express } = await import('express');
  const app = express();
  app.use(createExpressMiddleware());
  const wire = wireInstrumentation({ modelEndpoints: [{ provider: 'openai', url: `${provider.url}/v1` }] });
  wire.enable();
  app.get('/chat/:id', async (_request, response) => void response.send(await ask()));
  const send = await serve(() => Promise.resolve());
  server.removeAllListeners('request');
  server.on('request', app);
  await send('/chat/1');
  wire.disable();
  expect(gatewayRequests()).toMatchObject([{ route: '/chat/:id' }]);
});
