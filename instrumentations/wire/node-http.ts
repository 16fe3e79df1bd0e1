import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { guarded, hookFailed } from '../../src/observe.ts';
import { readError } from '../../src/recorders/failures.ts';
import { asBuffer } from './bytes.ts';
import type { Exchange } from './exchange.ts';
import type { Exchanges } from './exchanges.ts';
import { retryCountOf } from './headers.ts';
import { shadow } from './shadow.ts';

const CREATED = 'http.client.request.created';

/**
 * Watches the clients of `node:http` and `node:https`. Their channel tells of every new request; on the few that are
 * model calls, the methods through which bytes and events pass are shadowed, and call through. No listener is added, for
 * a listener changes how an answer flows. Returns the function that stops watching.
 */
export function watchNodeHttp(exchanges: Exchanges): () => void {
  const onCreated = (message: unknown): void => {
    try {
      const { request } = message as { request: ClientRequest };
      if (!exchanges.mayOpen(request.method)) return;
      const exchange = exchanges.open(request.method, originOf(request), request.path);
      if (exchange === undefined) return;
      if (exchange.isAlone) exchange.retryCount = retryCountOf(request);
      watchRequest(request, exchange);
    } catch (error) {
      // What a subscriber throws would become an uncaught exception of the application.
      hookFailed(CREATED, error);
    }
  };
  subscribe(CREATED, onCreated);
  return () => {
    unsubscribe(CREATED, onCreated);
  };
}

/** The header has the port, which the request itself does not keep. Headers given as a list are only in the text. */
function originOf(request: ClientRequest & { readonly _header?: unknown }): string {
  const named = request.getHeader('host') ?? HOST.exec(String(request._header ?? ''))?.[1];
  return `${request.protocol}//${typeof named === 'string' ? named : request.host}`;
}

const HOST = /\r\nhost:[ \t]*([^\r\n]*)/i;

function watchRequest(request: ClientRequest, exchange: Exchange): void {
  const { write, end, destroy, emit } = request;
  const clock: IdleClock = { hasRung: false };
  let isEnding = false;

  const tell = (event: unknown, value: unknown): void => {
    if (event === 'response') watchResponse(value as IncomingMessage, exchange, clock);
    else if (event === 'error') tellError(exchange, value, request.socket, clock);
    else if (event === 'timeout') clock.hasRung = true;
    // After an upgrade, also one that nobody asked for, nothing else is told.
    else if (event === 'close') exchange.unread();
  };

  shadow(request, {
    write(...args) {
      if (!isEnding) guarded('write', () => send(exchange, args));
      return Reflect.apply(write, this, args);
    },
    end(...args) {
      guarded('end', () => send(exchange, args));
      isEnding = true;
      const returned = Reflect.apply(end, this, args);
      // Once the bytes are on their way.
      guarded('end', () => exchange.sent());
      return returned;
    },
    destroy(...args) {
      if (!request.destroyed) guarded('destroy', () => exchange.left(args[0], clock.hasRung));
      return Reflect.apply(destroy, this, args);
    },
    emit(...args) {
      guarded('emit', () => tell(args[0], args[1]));
      return Reflect.apply(emit, this, args);
    },
  });
}

/** Whether a socket's idle timeout has gone off and nothing has come since. Node only says so; what follows is up to others. */
interface IdleClock {
  hasRung: boolean;
}

/** With this code Node tells the end of a connection, whichever side has closed it. */
const CONNECTION_CLOSED = 'ECONNRESET';

function tellError(exchange: Exchange, error: unknown, socket: Socket | null | undefined, clock: IdleClock): void {
  const isClosed = readError(error, 'code') === CONNECTION_CLOSED;
  // follow-redirects lets a timeout destroy the socket; an agent does with all of its sockets when it is destroyed.
  const isClosedHere = isClosed && socket?.destroyed === true && !socket.readableEnded && socket.errored === null;
  if (isClosedHere) exchange.left(undefined, clock.hasRung);
  else exchange.failed(error);
}

function send(exchange: Exchange, [chunk, encoding]: readonly unknown[]): void {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) exchange.sending(asBuffer(chunk, encoding));
}

/** Node itself hands the pieces of an answer to `push`, and ends one that stays incomplete with `_destroy`. */
function watchResponse(
  response: IncomingMessage & { readonly _dumped?: boolean },
  exchange: Exchange,
  clock: IdleClock,
): void {
  exchange.answered(response.statusCode ?? 0, response.rawHeaders);
  const { push, _destroy, emit } = response;
  shadow(response, {
    // Told first: the application may end the exchange as soon as it has the chunk.
    push(...args) {
      const [chunk] = args;
      try {
        if (chunk instanceof Uint8Array) {
          clock.hasRung = false;
          exchange.received(asBuffer(chunk));
        } else if (chunk === null) {
          // Without a listener for the answer its body is thrown away before it comes here.
          if (response._dumped === true) exchange.unread();
          else exchange.completed();
        }
      } catch (error) {
        hookFailed('push', error);
      }
      return Reflect.apply(push, this, args);
    },
    _destroy(...args) {
      const [error] = args;
      guarded('_destroy', () => {
        if (readError(error, 'code') === CONNECTION_CLOSED) tellError(exchange, error, response.socket, clock);
        else exchange.left(error, clock.hasRung);
      });
      return Reflect.apply(_destroy, this, args);
    },
    emit(...args) {
      if (args[0] === 'timeout') clock.hasRung = true;
      return Reflect.apply(emit, this, args);
    },
  });
}
