import * as zlib from 'node:zlib';

/** Most bytes that one answer may decode to; a small compressed body can hide a huge one. */
const MAX_DECODED = 256 * 1024 * 1024;
/** Most bytes that may wait to be decoded, where the network is faster than the decoder. */
const MAX_WAITING = 16 * 1024 * 1024;
/** Bytes that are decoded at once, in some 50 µs, and most that they may decode to. */
export const MAX_SMALL = 8 * 1024;
const MAX_SMALL_DECODED = 256 * 1024;

/** What became of a body: decoded to its end, not what its encoding says, or too large to be decoded. */
export type Decoded = 'whole' | 'broken' | 'too_large';

/** Passes a copy of a body on, decoded. `end` calls back once everything was passed on. */
export interface Decoder {
  write(chunk: Buffer): void;
  end(done: (decoded: Decoded) => void): void;
  /** Frees it at once; of what was written, only what can be decoded here and now is still passed on. */
  destroy(): void;
}

/** A decoder for a `content-encoding`; undefined for one that cannot be decoded. */
export function createDecoder(encoding: string, pass: (bytes: Buffer) => void): Decoder | undefined {
  if (encoding === '' || encoding === 'identity') {
    return { write: pass, end: (done) => done('whole'), destroy() {} };
  }
  return Object.hasOwn(DECODERS, encoding) ? new BodyDecoder(encoding as keyof typeof DECODERS, pass) : undefined;
}

/** Most answers are small and decoded here when they have ended: a thread would take longer to be told. */
class BodyDecoder implements Decoder {
  readonly #encoding: keyof typeof DECODERS;
  readonly #pass: (bytes: Buffer) => void;
  #small: Buffer | undefined;
  #stream: Decompress | undefined;
  #decodedBytes = 0;
  #result: Decoded = 'whole';

  constructor(encoding: keyof typeof DECODERS, pass: (bytes: Buffer) => void) {
    this.#encoding = encoding;
    this.#pass = pass;
  }

  write(chunk: Buffer): void {
    if (this.#stream !== undefined) return this.#feed(chunk);
    // The application may go on to change its own.
    this.#small = this.#small === undefined ? Buffer.from(chunk) : Buffer.concat([this.#small, chunk]);
    if (this.#small.length > MAX_SMALL) this.#start(this.#small);
  }

  end(done: (decoded: Decoded) => void): void {
    const small = this.#small;
    if (small !== undefined) {
      const decoded = decodeAll(this.#encoding, small);
      if (decoded !== undefined) {
        this.#small = undefined;
        this.#pass(decoded);
        return done('whole');
      }
      // The stream passes on what comes before the fault, and what is more than was thought.
      this.#start(small);
    }
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return done(this.#result);
    stream.once('close', () => done(this.#result));
    stream.end();
  }

  destroy(): void {
    const decoded = this.#small && decodeAll(this.#encoding, this.#small);
    this.#small = undefined;
    if (decoded !== undefined) this.#pass(decoded);
    this.#stream?.destroy();
  }

  #start(first: Buffer): void {
    this.#small = undefined;
    const stream = DECODERS[this.#encoding].stream(first);
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      this.#decodedBytes += bytes.length;
      if (this.#decodedBytes > MAX_DECODED) this.#stop('too_large');
      else this.#pass(bytes);
    });
    stream.on('error', () => this.#stop('broken'));
    stream.write(first);
  }

  #feed(chunk: Buffer): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    if (stream.writableLength > MAX_WAITING) this.#stop('too_large');
    // The decoder works on another thread: the application may reuse its bytes meanwhile.
    else stream.write(Buffer.from(chunk));
  }

  #stop(reason: Decoded): void {
    if (this.#result === 'whole') this.#result = reason;
    this.#stream?.destroy();
  }
}

type Decompress = zlib.Gunzip | zlib.BrotliDecompress | zlib.Inflate;

interface Coding {
  readonly stream: (first: Buffer) => Decompress;
  readonly whole: (bytes: Buffer) => Buffer;
}

// A stream that is left early ends in the middle: that is no error of the encoding.
const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants;
const maxOutputLength = MAX_SMALL_DECODED;
const ZLIB = { finishFlush: Z_SYNC_FLUSH, maxOutputLength };
const BROTLI = { finishFlush: BROTLI_OPERATION_FLUSH, maxOutputLength };
const ZSTD = { finishFlush: ZSTD_e_flush, maxOutputLength };

const GZIP: Coding = { stream: () => zlib.createGunzip(ZLIB), whole: (bytes) => zlib.gunzipSync(bytes, ZLIB) };

/** The low half of the first byte of a zlib header; without it, `deflate` means the bare format. */
const ZLIB_METHOD = 8;
const hasHeader = (bytes: Buffer): boolean => ((bytes[0] ?? 0) & 0x0f) === ZLIB_METHOD;

const DECODERS = {
  gzip: GZIP,
  'x-gzip': GZIP,
  deflate: {
    stream: (first) => (hasHeader(first) ? zlib.createInflate(ZLIB) : zlib.createInflateRaw(ZLIB)),
    whole: (bytes) => (hasHeader(bytes) ? zlib.inflateSync(bytes, ZLIB) : zlib.inflateRawSync(bytes, ZLIB)),
  },
  br: {
    stream: () => zlib.createBrotliDecompress(BROTLI),
    whole: (bytes) => zlib.brotliDecompressSync(bytes, BROTLI),
  },
  zstd: {
    stream: () => zlib.createZstdDecompress(ZSTD) as unknown as zlib.Gunzip,
    whole: (bytes) => zlib.zstdDecompressSync(bytes, ZSTD),
  },
} as const satisfies Record<string, Coding>;

/** Undefined for what is broken, or decodes to more than a small body does. */
function decodeAll(encoding: keyof typeof DECODERS, bytes: Buffer): Buffer | undefined {
  try {
    return DECODERS[encoding].whole(bytes);
  } catch {
    return undefined;
  }
}
