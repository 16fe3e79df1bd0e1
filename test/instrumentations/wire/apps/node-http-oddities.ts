/*
 * What servers and applications do with node:http besides asking and answering. The server answers in raw bytes, by the
 * name of the model; what the application sees goes to stdout.
 */
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const LARGE = 8 * 1024 * 1024;
const ANSWER = JSON.stringify({
  model: 'answered',
  choices: [{ finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 5 },
});
const head = (status: string, ...headers: string[]): string => [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
const whole = (body: string, status = '200 OK'): string =>
  head(status, 'content-type: application/json', `content-length: ${body.length}`) + body;
const begun = head('200 OK', 'content-type: application/json', 'content-length: 5000') + ANSWER.slice(0, 20);

const scripts: Record<string, (socket: Socket) => void> = {
  hints: (socket) => {
    socket.write(head('103 Early Hints', 'link: </a>'));
    socket.write(head('102 Processing'));
    socket.write(whole(ANSWER));
  },
  'no-content': (socket) => socket.write(head('204 No Content')),
  upgrade: (socket) => socket.write(head('101 Switching Protocols', 'upgrade: mine', 'connection: upgrade')),
  'unasked-upgrade': (socket) => socket.write(head('101 Switching Protocols', 'upgrade: x', 'connection: upgrade')),
  garbage: (socket) => socket.write('HTTP/9 nonsense\r\n\r\n'),
  'garbage-later': (socket) => socket.write(`${head('200 OK', 'transfer-encoding: chunked')}5\r\nhello\r\nzz\r\n`),
  truncated: (socket) => socket.end(begun),
  'hung-up': (socket) => socket.end(),
  'until-close': (socket) => socket.end(head('200 OK', 'content-type: application/json', 'connection: close') + ANSWER),
  large: (socket) => socket.write(whole(ANSWER.replace('{', `{"padding":"${'x'.repeat(LARGE)}",`))),
  fails: (socket) => socket.write(whole('{"error":{"type":"server_error"}}', '500 Internal Server Error')),
  silent: () => undefined,
};
/** These wait for the application to end them. */
for (const name of ['abort', 'destroy-answer', 'destroy-answer-error', 'answer-timeout', 'request-timeout', 'agent']) {
  scripts[name] = (socket) => socket.write(begun);
}

const server = createServer((socket) => {
  let asked = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    asked += bytes.toString('latin1');
    const [headers = '', body] = asked.split(/\r\n\r\n(.*)/s);
    if (body === undefined) return;
    if (body === '' && /expect: 100-continue/i.test(headers)) socket.write(head('100 Continue'));
    const length = Number(/content-length: (\d+)/i.exec(headers)?.[1]);
    if (Number.isNaN(length) ? !body.endsWith('0\r\n\r\n') : body.length < length) return;
    asked = '';
    const script = scripts[/x-script: (\S+)/i.exec(headers)?.[1] ?? ''];
    if (script === undefined) socket.write(whole(ANSWER));
    else script(socket);
  });
}).listen(0, '127.0.0.1');

let agent = new http.Agent({ keepAlive: true });
const bodyOf = (model: string): string => JSON.stringify({ messages: ['é€😀'], model });

function ask(model: string, options: RequestOptions = {}, body: string | null = bodyOf(model)): ClientRequest {
  const { port } = server.address() as AddressInfo;
  const request = http.request({
    host: '127.0.0.1',
    port,
    path: '/v1/chat/completions',
    method: 'POST',
    agent,
    ...options,
    headers: options.headers ?? { 'x-script': model },
  });
  return body === null ? request : request.end(body);
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function read(response: IncomingMessage): Promise<unknown> {
  let length = 0;
  for await (const chunk of response) length += (chunk as Buffer).length;
  return [response.statusCode, length, response.complete];
}

/** The events of a request until it is over. */
async function events(request: ClientRequest): Promise<unknown> {
  const seen: string[] = [];
  request.on('error', (error: Error & { code?: string }) => seen.push(`error ${error.code} ${error.message}`));
  request.on('abort', () => seen.push('abort'));
  request.on('response', (response: IncomingMessage) => {
    seen.push('response');
    response.on('error', (error: Error & { code?: string }) => seen.push(`late ${error.code} ${error.message}`));
    response.on('aborted', () => seen.push('aborted'));
    response.on('timeout', () => seen.push('timeout'));
    response.resume();
  });
  await new Promise((resolve) => request.on('close', resolve));
  await delay(20);
  return seen;
}

const cases: Record<string, () => unknown> = {
  async hints() {
    const request = ask('hints');
    const seen: unknown[] = [];
    request.on('information', ({ statusCode }) => seen.push(statusCode));
    return [await read(await answerTo(request)), seen];
  },
  async continue() {
    const body = bodyOf('continue');
    const headers = { expect: '100-continue', 'content-length': Buffer.byteLength(body) };
    const request = ask('continue', { headers }, null);
    request.flushHeaders();
    await once(request, 'continue');
    return read(await answerTo(request.end(body)));
  },
  'no-content': async () => read(await answerTo(ask('no-content'))),
  async upgrade() {
    const request = ask('upgrade', {
      headers: { 'x-script': 'upgrade', connection: 'Upgrade', upgrade: 'mine' },
      agent: false,
    });
    const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Socket];
    socket.destroy();
    return [response.statusCode, socket.listenerCount('data')];
  },
  'unasked-upgrade': () => events(ask('unasked-upgrade')),
  garbage: () => events(ask('garbage')),
  'garbage-later': () => events(ask('garbage-later')),
  truncated: () => events(ask('truncated')),
  'hung-up': () => events(ask('hung-up')),
  'until-close': async () => read(await answerTo(ask('until-close'))),
  abort() {
    const request = ask('abort');
    request.on('response', () => request.abort());
    return events(request);
  },
  async 'abort-early'() {
    const request = ask('abort-early');
    request.abort();
    return events(request);
  },
  'destroy-answer'() {
    const request = ask('destroy-answer');
    request.on('response', (response) => response.once('data', () => response.destroy()));
    return events(request);
  },
  'destroy-answer-error'() {
    const request = ask('destroy-answer-error');
    request.on('response', (response) => response.once('data', () => response.destroy(new Error('mine'))));
    return events(request);
  },
  'answer-timeout'() {
    const request = ask('answer-timeout');
    request.on('response', (response) => response.setTimeout(100, () => response.destroy()));
    return events(request);
  },
  'request-timeout'() {
    const request = ask('request-timeout', { timeout: 100 });
    request.on('timeout', () => setImmediate(() => request.destroy()));
    return events(request);
  },
  async agent() {
    const request = ask('agent');
    request.on('response', () => agent.destroy());
    const seen = await events(request);
    agent = new http.Agent({ keepAlive: true });
    return seen;
  },
  async ignored() {
    const request = ask('ignored');
    await once(request, 'close');
    return request.listenerCount('response');
  },
  async list() {
    const { port } = server.address() as AddressInfo;
    const headers = ['Host', `127.0.0.1:${port}`, 'Content-Length', `${Buffer.byteLength(bodyOf('list'))}`];
    return read(await answerTo(ask('list', { headers })));
  },
  async large() {
    const response = await answerTo(ask('large'));
    await delay(200);
    const { readableLength, readableFlowing } = response;
    const isHeld = readableLength < LARGE / 4 && (response.socket as Socket).bytesRead < LARGE / 2;
    const [status, , complete] = (await read(response)) as unknown[];
    return [status, complete, isHeld, readableFlowing];
  },
  async paused() {
    const response = await answerTo(ask('paused'));
    response.pause();
    await delay(20);
    const states = [response.isPaused(), response.readableFlowing, response.listenerCount('data')];
    const text = new Promise((resolve) => response.setEncoding('utf8').on('data', resolve));
    response.resume();
    return [states, await text, response.listenerCount('end')];
  },
  async reused() {
    const ports: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const request = ask('reused');
      const response = await answerTo(request);
      ports.push((response.socket as Socket).localPort);
      await read(response);
      await delay(5);
    }
    return new Set(ports).size;
  },
  async fails() {
    const first = await read(await answerTo(ask('fails')));
    return [first, await read(await answerTo(ask('succeeds')))];
  },
  async mistakes() {
    const request = ask('mistakes', {}, null);
    const seen: unknown[] = [];
    for (const chunk of [undefined, null, 5, {}]) {
      try {
        request.write(chunk);
      } catch (error) {
        seen.push((error as { code?: string }).code);
      }
    }
    const answer = await read(await answerTo(request.end(bodyOf('mistakes'))));
    request.on('error', (error: Error & { code?: string }) => seen.push(error.code));
    request.write('more');
    await delay(20);
    return [answer, seen];
  },
  async piped() {
    const request = ask('piped', {}, null);
    const chunks = [...Buffer.from(bodyOf('piped'))].map((byte) => Buffer.from([byte]));
    return read(await answerTo(Readable.from(chunks).pipe(request)));
  },
  async encoded() {
    const request = ask('encoded', {}, null);
    const bytes = Buffer.from(bodyOf('encoded'));
    request.write(bytes.subarray(0, 7).toString('hex'), 'hex');
    request.write(new Uint8Array(bytes.subarray(7, 10)));
    request.write(bytes.subarray(10, 40).toString('base64'), 'base64', () => undefined);
    request.end(bytes.subarray(40).toString('latin1'), 'latin1');
    return read(await answerTo(request));
  },
  async other() {
    const request = ask('other', { path: '/v1/models' });
    const own = ['write', 'end', 'emit', 'destroy'].filter((name) => Object.hasOwn(request, name));
    return [await read(await answerTo(request)), own];
  },
  hidden: () => context.with(suppressTracing(context.active()), async () => read(await answerTo(ask('hidden')))),
  async silent() {
    const request = ask('silent', {}, null);
    request.write(bodyOf('silent').slice(0, -1));
    setTimeout(() => request.destroy(), 50);
    return events(request);
  },
};

async function main(): Promise<void> {
  await once(server, 'listening');
  const results: Record<string, unknown> = {};
  process.on('uncaughtException', (error) => {
    results.uncaught = String(error);
  });
  for (const [name, run] of Object.entries(cases)) {
    try {
      results[name] = await run();
    } catch (error) {
      results[name] = `${(error as Error).name} ${(error as Error).message}`;
    }
  }
  process.stdout.write(JSON.stringify(results));
  agent.destroy();
  server.close();
}

void main();
