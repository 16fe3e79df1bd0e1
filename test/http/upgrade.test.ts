import { once } from 'node:events';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { httpServerInstrumentation } from '../../instrumentations/http-server.ts';
import { createExpressMiddleware } from '../../src/http/index.ts';
import type { HttpRequest } from '../../src/observations.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { drive, type Served, until } from './server.ts';

let recording: Recording;
let served: Served;
let disable: () => void;
beforeEach(() => {
  recording = startRecording();
  const hook = httpServerInstrumentation();
  hook.enable();
  disable = () => hook.disable();
});
afterEach(async () => {
  disable();
  await served.stop();
  recording.stop();
});

const seen = (): HttpRequest[] => recording.observations.filter((observation) => observation.kind === 'http_request');
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

/** An application beside a protocol of its own, which `upgrade` begins. */
async function start(upgrade?: (request: IncomingMessage, socket: Socket, app: express.Express) => void) {
  const app = express();
  app.use(createExpressMiddleware());
  app.get('/users/:id', (_request, response) => void response.send('ok'));
  app.get('/socket', (request) => void request.socket.write(SWITCH));
  const server = createServer(app);
  if (upgrade !== undefined) server.on('upgrade', (request, socket) => upgrade(request, socket as Socket, app));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  served = drive(server);
}

/** Asks for the other protocol, and returns what came back first. */
async function ask(path: string): Promise<{ socket: Socket; answer: string }> {
  const socket = connect(served.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n`);
  const [chunk] = await once(socket, 'data');
  return { socket, answer: String(chunk) };
}

it('a connection that speaks another protocol is no request, and works as ever', async () => {
  await start((_request, socket) => {
    socket.write(SWITCH);
    socket.pipe(socket);
  });
  const { socket, answer } = await ask('/socket');
  expect(answer).toBe(SWITCH);
  socket.write('hello');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  expect((await served.send('/users/1')).body).toBe('ok');
  await until(() => seen().length > 0);
  socket.destroy();
  expect(seen().map(({ route }) => route)).toEqual(['/users/:id']);
  expect(recording.dropped).toEqual([]);
});

it('one that is routed through the application, as express-ws does, is none either', async () => {
  await start((request, socket, app) => {
    const response = new ServerResponse(request);
    socket.once('close', () => response.emit('close'));
    app(request as never, response as never);
  });
  const { socket, answer } = await ask('/socket');
  expect(answer).toBe(SWITCH);
  socket.destroy();
  await served.send('/users/1');
  await until(() => seen().length > 0);
  expect(seen().map(({ route }) => route)).toEqual(['/users/:id']);
  expect(recording.spans().map(({ attributes }) => attributes['http.route'])).toContain('/users/:id');
});

it('a request that asks for another protocol and gets an ordinary answer is an ordinary request', async () => {
  await start();
  const { socket, answer } = await ask('/users/1');
  expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
  await until(() => seen().length > 0);
  socket.destroy();
  expect(seen()).toMatchObject([{ route: '/users/:id', statusCode: 200, outcome: 'success' }]);
});
