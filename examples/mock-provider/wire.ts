import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Tokens } from './reply.ts';

/** A request as it arrived, and how its exchange went. */
export interface ReceivedRequest {
  method: string;
  /** Without the query string. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** `1.1` or `2.0`. */
  httpVersion: string;
  /** The parsed JSON, the fields of a form, or undefined if it was neither. */
  body: unknown;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Whether the client left before the answer was written. */
  closedEarly: boolean;
  /** Text deltas written; 1 for a whole JSON body. */
  chunksSent: number;
  /** The usage told so far by a stream that tells it before its end. */
  toldTokens: Tokens | undefined;
}

/** One exchange, the same for HTTP/1.1 and HTTP/2. */
export interface Wire {
  request: ReceivedRequest;
  requestHeaders: IncomingHttpHeaders;
  /** Aborts when the exchange is over before the answer is written. */
  gone: AbortSignal;
  start(status: number, headers: Record<string, string>): void;
  write(bytes: Buffer): Promise<void>;
  /** From here on the answer counts as written, whatever the client does. */
  end(bytes?: Buffer): void;
  /** Destroys the connection. */
  drop(): void;
  /** RST_STREAM, or `drop` on HTTP/1.1. */
  reset(code: number): void;
  /** Drains the session, or kills it if the code is an error; nothing on HTTP/1.1. */
  goaway(code: number): 'draining' | 'killed';
}

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerReply = ServerResponse | Http2ServerResponse;

/** Wraps a server's request and response; `findSocket` gives the raw socket below TLS and HTTP/2. */
export function createWire(
  request: ReceivedRequest,
  incoming: ServerRequest,
  response: ServerReply,
  findSocket: (remotePort: number | undefined) => Socket | undefined,
): Wire {
  const gone = new AbortController();
  const outgoing = response as ServerResponse;
  const stream = 'stream' in response ? response.stream : undefined;
  const remotePort = incoming.socket.remotePort;
  let settled = false;
  response.on('close', () => {
    if (settled) return;
    settled = true;
    request.closedEarly = true;
    gone.abort(new Error('The client left.'));
  });
  // A write to a connection that has just gone is no failure of this server.
  response.on('error', () => outgoing.destroy());
  const drop = (): void => {
    settled = true;
    findSocket(remotePort)?.destroy();
    outgoing.destroy();
  };
  return {
    request,
    requestHeaders: incoming.headers,
    gone: gone.signal,
    start: (status, headers) => {
      outgoing.writeHead(status, headers);
      outgoing.flushHeaders();
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        gone.signal.throwIfAborted();
        const leave = (): void => reject(gone.signal.reason);
        gone.signal.addEventListener('abort', leave, { once: true });
        outgoing.write(bytes, () => {
          gone.signal.removeEventListener('abort', leave);
          resolve();
        });
      }),
    end: (bytes) => {
      settled = true;
      outgoing.end(bytes);
    },
    drop,
    reset: (code) => {
      if (stream === undefined) return drop();
      settled = true;
      stream.close(code);
    },
    goaway: (code) => {
      const session = stream?.session;
      if (session === undefined) return 'draining';
      if (code === constants.NGHTTP2_NO_ERROR) {
        session.close();
        return 'draining';
      }
      settled = true;
      session.destroy(new Error('Killed after GOAWAY.'), code);
      return 'killed';
    },
  };
}
