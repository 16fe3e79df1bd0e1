/** A chunk as the application or a library hands it over, as a Buffer on the same memory. */
export function asBuffer(chunk: Uint8Array | string, encoding?: unknown): Buffer {
  // As good as `instanceof` here, and ten times as fast.
  if (chunk.constructor === Buffer) return chunk as Buffer;
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COMMA = 0x2c;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** By byte: 1 where a string of JSON simply goes on. */
export const IS_PLAIN: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH),
);

/** Whether a number or a word of JSON ends before this byte. */
export function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE;
}

/** Whether these bytes stand there. */
export function isAt(bytes: Uint8Array, from: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[from + at] !== wanted[at]) return false;
  return true;
}
