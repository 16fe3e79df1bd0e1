import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { type Behaviour, resolveBehaviour } from './behaviour.ts';
import { type Ledger, openEntry } from './ledger.ts';
import { createRandom, type Random } from './random.ts';
import { type Exchange, isRecord, Refusal, type Reply } from './reply.ts';
import { findRoute, type Route, refuse, requestedModel } from './routes.ts';
import { transmit, transmitError } from './transmit.ts';
import { createWire, type ReceivedRequest, type ServerReply, type ServerRequest } from './wire.ts';

export type { Behaviour } from './behaviour.ts';
export type { Ledger, LedgerEntry } from './ledger.ts';
export type { ReceivedRequest } from './wire.ts';

const MAX_REQUESTS = 10_000;

export interface MockProviderOptions {
  /** @default 0, any free port */
  port?: number;
  /** @default '127.0.0.1' */
  host?: string;
  /** PEM texts: serves HTTP/2 over TLS, and HTTP/1.1 to clients that do not offer it. */
  tls?: { key: string | Buffer; cert: string | Buffer };
  /** For every request, or decided per request; the header `x-mock-behaviour` (JSON) wins over it. */
  behaviour?: Partial<Behaviour> | ((request: ReceivedRequest) => Partial<Behaviour>);
  /** Of identifiers and vectors. @default 1 */
  seed?: number;
}

export interface MockProvider {
  /** Without a trailing slash. */
  url: string;
  port: number;
  /** The last 10 000, oldest first. */
  requests: ReceivedRequest[];
  /** What was truly served, by requested model. */
  ledger: Ledger;
  /** Empties `requests` and `ledger`. */
  reset(): void;
  /** Destroys every connection; closing twice is harmless. */
  close(): Promise<void>;
}

/** Serves the wire formats of OpenAI, Anthropic, Gemini and more on one port. */
export async function startMockProvider(options: MockProviderOptions = {}): Promise<MockProvider> {
  const { port = 0, host = '127.0.0.1', tls, behaviour = {}, seed = 1 } = options;
  const requests: ReceivedRequest[] = [];
  const ledger: Ledger = {};
  const random = createRandom(seed);
  const sockets = new Map<number | undefined, Socket>();
  const sessions = new Set<ServerHttp2Session>();

  const answer = async (incoming: ServerRequest, response: ServerReply): Promise<void> => {
    const target = parseTarget(incoming.url ?? '/');
    const request: ReceivedRequest = {
      method: incoming.method ?? 'GET',
      path: target.pathname,
      query: target.searchParams,
      headers: incoming.headers,
      httpVersion: incoming.httpVersion,
      body: undefined,
      startedAt: Date.now(),
      closedEarly: false,
      chunksSent: 0,
      toldTokens: undefined,
    };
    if (requests.push(request) > MAX_REQUESTS) requests.shift();
    const wire = createWire(request, incoming, response, (remotePort) => sockets.get(remotePort));
    request.body = await parseBody(await readBody(incoming), incoming.headers['content-type']);
    const model = requestedModel(request.path, request.body);
    const settle = openEntry(ledger, model ?? 'unknown');
    const prepared = prepare(request, model, behaviour, random);
    // A raw body says nothing that could be counted.
    const isCounted = 'reply' in prepared && prepared.behaviour.rawBody === undefined;
    const reported = isCounted && prepared.reply.reportsUsage && prepared.behaviour.usage === 'normal';
    try {
      const outcome =
        'reply' in prepared
          ? await transmit(prepared.reply, prepared.behaviour, wire)
          : await transmitError(
              prepared.status,
              refuse(prepared.provider, prepared.status, prepared.explanation, random),
              prepared.behaviour,
              wire,
            );
      if (isCounted) settle(outcome, outcome === 'completed' ? prepared.reply.tokens : request.toldTokens, reported);
      else settle(outcome);
    } catch (error) {
      if (!wire.gone.aborted) throw error;
      settle('abandoned', request.toldTokens, reported);
    }
  };

  const listener = (incoming: ServerRequest, response: ServerReply): void => {
    // Anything unforeseen, such as a body that never arrives whole, breaks this one exchange and not the server.
    answer(incoming, response).catch(() => {
      if ('stream' in response) response.stream.destroy();
      else response.destroy();
    });
  };
  const server: Server | Http2SecureServer = tls
    ? createSecureServer({ ...tls, allowHTTP1: true }, listener)
    : createServer(listener as RequestListener);
  // Idle connections outlive a client's pause between calls, as at the real services.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 65_000;
  server.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (sockets.get(remotePort) === socket) sockets.delete(remotePort);
    });
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => {});
  server.on('clientError', (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `${tls ? 'https' : 'http'}://${name}:${address.port}`,
    port: address.port,
    requests,
    ledger,
    reset: () => {
      requests.length = 0;
      for (const model of Object.keys(ledger)) delete ledger[model];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
}

type Prepared =
  | { behaviour: Behaviour; reply: Reply }
  | { behaviour: Behaviour; provider: Route['provider']; status: number; explanation: string | undefined };

function prepare(
  request: ReceivedRequest,
  model: string | undefined,
  option: NonNullable<MockProviderOptions['behaviour']>,
  random: Random,
): Prepared {
  const route = findRoute(request.method, request.path);
  const { provider } = route;
  let behaviour = resolveBehaviour({}, {});
  const no = (status: number, explanation?: string): Prepared => ({ behaviour, provider, status, explanation });
  try {
    behaviour = resolveBehaviour(typeof option === 'function' ? option(request) : option, request.headers);
  } catch (error) {
    return no(400, error instanceof Error ? error.message : String(error));
  }
  if ('status' in route) return no(route.status, `Invalid URL (${request.method} ${request.path})`);
  if (behaviour.status >= 400) return no(behaviour.status);
  const body = request.method === 'GET' ? {} : request.body;
  if (!isRecord(body)) return no(400, 'We could not parse the JSON body of your request.');
  if (model === undefined && request.method !== 'GET') return no(400, 'you must provide a model parameter');
  const exchange: Exchange = {
    pathname: request.path,
    query: request.query,
    body,
    model: model ?? 'unknown',
    behaviour,
    random,
    now: Math.floor(Date.now() / 1000),
  };
  try {
    return { behaviour, reply: route.reply(exchange) };
  } catch (error) {
    if (error instanceof Refusal) return no(error.status, error.message);
    throw error;
  }
}

async function readBody(incoming: ServerRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Request targets may be absolute, `*` or nonsense. */
function parseTarget(target: string): URL {
  return URL.parse(target.startsWith('/') ? `http://mock${target}` : target) ?? new URL('http://mock/');
}

/** JSON, or a form as the object of its fields. */
async function parseBody(bytes: Buffer, contentType = ''): Promise<unknown> {
  if (!contentType.startsWith('multipart/form-data')) return parseJson(bytes.toString('utf8'));
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
    return Object.fromEntries(form);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '4010' }, host: { type: 'string' } } });
  const provider = await startMockProvider({ port: Number(values.port), ...(values.host && { host: values.host }) });
  console.log(`Mock provider at ${provider.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void provider.close());
}
