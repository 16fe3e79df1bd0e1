import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { ContentEncoding } from './behaviour.ts';

/** Encodes a body piece by piece; every piece can be decoded as soon as it arrives. */
export interface Encoder {
  write(piece: Buffer): Promise<Buffer>;
  end(): Promise<Buffer>;
}

type Flushable = Transform & { flush(kind: number, callback: () => void): void };

/** An encoder for the given `content-encoding`. */
export function createEncoder(encoding: ContentEncoding): Encoder {
  if (encoding === 'identity') {
    return { write: (piece) => Promise.resolve(piece), end: () => Promise.resolve(Buffer.alloc(0)) };
  }
  const { stream, flushKind } = createCompressor(encoding);
  let output: Buffer[] = [];
  stream.on('data', (piece: Buffer) => output.push(piece));
  const take = (): Buffer => {
    const taken = Buffer.concat(output);
    output = [];
    return taken;
  };
  return {
    write: (piece) =>
      new Promise((resolve) => {
        stream.write(piece);
        // 'data' can lag one tick behind the flush callback.
        stream.flush(flushKind, () => setImmediate(() => resolve(take())));
      }),
    end: () =>
      new Promise((resolve) => {
        stream.once('end', () => resolve(take()));
        stream.end();
      }),
  };
}

function createCompressor(encoding: Exclude<ContentEncoding, 'identity'>): { stream: Flushable; flushKind: number } {
  const { constants } = zlib;
  switch (encoding) {
    case 'gzip':
      return { stream: zlib.createGzip(), flushKind: constants.Z_SYNC_FLUSH };
    case 'deflate':
      return { stream: zlib.createDeflate(), flushKind: constants.Z_SYNC_FLUSH };
    case 'br':
      return { stream: zlib.createBrotliCompress(), flushKind: constants.BROTLI_OPERATION_FLUSH };
    case 'zstd':
      return { stream: zlib.createZstdCompress(), flushKind: constants.ZSTD_e_flush };
  }
}
