import * as zlib from 'node:zlib';

/** Most bytes that one answer may decode to; a small compressed body can hide a huge one. */
const MAX_DECODED = 256 * 1024 * 1024;
/** Most bytes that may wait to be decoded, where the network is faster than the decoder. */
const MAX_WAITING = 16 * 1024 * 1024;

/** What became of a body: decoded to its end, not what its encoding says, or too large to be decoded. */
export type Decoded = 'whole' | 'broken' | 'too_large';

/** Passes a copy of a body on, decoded. `end` calls back once everything was passed on. */
export interface Decoder {
  write(chunk: Buffer): void;
  end(done: (decoded: Decoded) => void): void;
  /** Frees it at once; nothing is passed on any more. */
  destroy(): void;
}

/** A decoder for a `content-encoding`; undefined for one that cannot be decoded. */
export function createDecoder(encoding: string, pass: (bytes: Buffer) => void): Decoder | undefined {
  if (encoding === '' || encoding === 'identity') {
    return { write: pass, end: (done) => done('whole'), destroy() {} };
  }
  let stream: ReturnType<typeof createStream>;
  let decodedBytes = 0;
  let result: Decoded = 'whole';
  const stop = (reason: Decoded): void => {
    if (result === 'whole') result = reason;
    stream?.destroy();
  };
  const start = (first: Buffer): void => {
    stream = createStream(encoding, first);
    stream?.on('data', (bytes: Buffer) => {
      decodedBytes += bytes.length;
      if (decodedBytes > MAX_DECODED) stop('too_large');
      else pass(bytes);
    });
    stream?.on('error', () => stop('broken'));
  };
  if (!isDecodable(encoding)) return undefined;
  return {
    write(chunk) {
      if (stream === undefined) start(chunk);
      // The decoder works on another thread: the application may reuse its bytes meanwhile.
      if (stream?.destroyed !== false) return;
      if (stream.writableLength > MAX_WAITING) stop('too_large');
      else stream.write(Buffer.from(chunk));
    },
    end(done) {
      if (stream === undefined || stream.destroyed) {
        done(result);
        return;
      }
      stream.once('close', () => done(result));
      stream.end();
    },
    destroy: () => stream?.destroy(),
  };
}

const ENCODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd']);

function isDecodable(encoding: string): boolean {
  return ENCODINGS.has(encoding);
}

/** The low half of the first byte of a zlib header; without it, `deflate` means the bare format. */
const ZLIB_METHOD = 8;

function createStream(encoding: string, first: Buffer): zlib.Gunzip | zlib.BrotliDecompress | zlib.Inflate | undefined {
  // A stream that is left early ends in the middle: that is no error of the encoding.
  const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip(lenient);
    case 'deflate':
      return ((first[0] ?? 0) & 0x0f) === ZLIB_METHOD ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient);
    case 'br':
      return zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return zlib.createZstdDecompress({ finishFlush: zlib.constants.ZSTD_e_flush }) as unknown as zlib.Gunzip;
    default:
      return undefined;
  }
}
