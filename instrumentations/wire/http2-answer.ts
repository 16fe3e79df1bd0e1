import { guarded, hookFailed } from '../../src/observe.ts';
import { asBuffer } from './bytes.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderList } from './headers.ts';
import { shadow } from './shadow.ts';

/** The parts of a stream of `node:http2` through which an answer passes. */
interface Http2Stream {
  push(chunk: unknown, encoding?: unknown): boolean;
  _destroy(error: unknown, callback: unknown): void;
  close(...args: unknown[]): void;
  emit(...args: unknown[]): boolean;
  readonly readableLength: number;
  readonly destroyed: boolean;
}

/** With this code Node itself closes the streams of a connection that is gone; whoever leaves an answer gives none. */
const CANCEL = 8;
const LOST = Object.freeze({ code: 'ECONNRESET' });

/** What Node keeps of a stream that nobody has begun to read. */
interface ReadableState {
  readonly buffer?: unknown;
  readonly ended?: unknown;
}

/**
 * Watches the answer of a request of `node:http2` from its head on: `body` is its stream, which nobody has begun to read.
 * False where that is no such stream, and nothing will be told.
 */
export function watchHttp2Answer(exchange: Exchange, status: number, headers: HeaderList, body: unknown): boolean {
  exchange.answered(status, headers);
  if (!isStream(body)) return false;
  const { push, _destroy, close, emit } = body;
  let hasRung = false;
  shadow(body, {
    // Told first: the application may end the exchange as soon as it has the chunk.
    push(...args) {
      const [chunk] = args;
      try {
        if (chunk instanceof Uint8Array) {
          hasRung = false;
          exchange.received(asBuffer(chunk));
        } else if (chunk === null) exchange.completed();
      } catch (error) {
        hookFailed('push', error);
      }
      return Reflect.apply(push, this, args);
    },
    close(...args) {
      guarded('close', () => (args[0] === CANCEL ? exchange.failed(LOST) : exchange.left(undefined, hasRung)));
      return Reflect.apply(close, this, args);
    },
    _destroy(...args) {
      const [error] = args;
      guarded('_destroy', () => (error ? exchange.failed(error) : exchange.left(undefined, hasRung)));
      return Reflect.apply(_destroy, this, args);
    },
    emit(...args) {
      if (args[0] === 'timeout') hasRung = true;
      return Reflect.apply(emit, this, args);
    },
  });
  const { buffer, ended } = (body as { _readableState?: ReadableState })._readableState ?? {};
  // What came together with the head is in the stream already.
  if (Array.isArray(buffer)) for (const chunk of buffer) if (isBytes(chunk)) exchange.received(asBuffer(chunk));
  if (ended === true) exchange.completed();
  return true;
}

function isBytes(chunk: unknown): chunk is Uint8Array {
  return chunk instanceof Uint8Array;
}

function isStream(body: unknown): body is Http2Stream {
  const { push, _destroy, close, emit } = (body ?? {}) as Partial<Http2Stream>;
  return [push, _destroy, close, emit].every((method) => typeof method === 'function');
}
