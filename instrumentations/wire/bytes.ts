/** A chunk as the application or a library hands it over, as a Buffer on the same memory. */
export function asBuffer(chunk: Uint8Array | string, encoding?: unknown): Buffer {
  // As good as `instanceof` here, and ten times as fast.
  if (chunk.constructor === Buffer) return chunk as Buffer;
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
