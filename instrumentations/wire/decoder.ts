import * as zlib from 'node:zlib';

/** Most bytes that one answer may decode to; a small compressed body can hide a huge one. */
const MAX_DECODED = 256 * 1024 * 1024;

/** Passes a copy of a body on, decoded. `end` calls back once everything was passed on. */
export interface Decoder {
  write(chunk: Buffer): void;
  end(done: (isWhole: boolean) => void): void;
}

/** A decoder for a `content-encoding`; undefined for one that cannot be decoded. */
export function createDecoder(encoding: string, pass: (bytes: Buffer) => void): Decoder | undefined {
  if (encoding === '' || encoding === 'identity') {
    return { write: pass, end: (done) => done(true) };
  }
  const stream = createStream(encoding);
  if (stream === undefined) return undefined;
  let decoded = 0;
  let isWhole = true;
  const give = (): void => {
    isWhole = false;
    stream.destroy();
  };
  stream.on('data', (bytes: Buffer) => {
    decoded += bytes.length;
    if (decoded > MAX_DECODED) give();
    else pass(bytes);
  });
  stream.on('error', give);
  return {
    write(chunk) {
      // The decoder works on another thread: the application may reuse its bytes meanwhile.
      if (!stream.destroyed) stream.write(Buffer.from(chunk));
    },
    end(done) {
      if (stream.destroyed) {
        done(false);
        return;
      }
      stream.once('close', () => done(isWhole));
      stream.end();
    },
  };
}

function createStream(encoding: string): zlib.Gunzip | zlib.BrotliDecompress | zlib.Inflate | undefined {
  // A stream that is left early ends in the middle: that is no error of the encoding.
  const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip(lenient);
    case 'deflate':
      return zlib.createInflate(lenient);
    case 'br':
      return zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return zlib.createZstdDecompress({ finishFlush: zlib.constants.ZSTD_e_flush }) as unknown as zlib.Gunzip;
    default:
      return undefined;
  }
}
