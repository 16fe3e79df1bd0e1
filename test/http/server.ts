import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A server on a free port of loopback. */
export interface Served {
  readonly port: number;
  /** Sends one request and reads the answer to its end. */
  send(path: string, options?: SendOptions): Promise<Answered>;
  /** Sends a request and goes away once the answer has begun, or after `afterMs`. */
  abort(path: string, afterMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface SendOptions {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

export interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return drive(server);
}

/** Drives a server that listens. */
export function drive(server: Server): Served {
  const { port } = server.address() as AddressInfo;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const start = (path: string, { method = 'GET', headers = {}, body }: SendOptions) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    return request({ port, host: '127.0.0.1', path, method, headers: { ...type, ...headers }, agent: false });
  };
  return {
    port,
    async send(path, options = {}) {
      const sent = start(path, options);
      sent.end(options.body);
      const [response] = await once(sent, 'response');
      let body = '';
      for await (const chunk of response) body += chunk;
      return { status: response.statusCode, headers: response.headers, body };
    },
    async abort(path, afterMs) {
      const sent = start(path, {});
      sent.on('error', () => undefined);
      sent.end();
      if (afterMs === undefined) {
        const [response] = await once(sent, 'response');
        response.on('error', () => undefined);
        await once(response, 'data');
      } else await new Promise((resolve) => setTimeout(resolve, afterMs));
      sent.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** Waits until `seen` holds: an answer is read before its server has ended it. */
export async function until(seen: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!seen()) {
    if (Date.now() > deadline) throw new Error('it did not happen within five seconds');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
