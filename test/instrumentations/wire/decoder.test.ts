import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createDecoder, type Decoded } from '../../../instrumentations/wire/decoder.ts';

const MIB = 1024 * 1024;

/** Writes everything at once, as a network does that is faster than the decoder. */
function decode(compressed: Buffer, pieces: number): Promise<{ decoded: Decoded; bytes: number }> {
  return new Promise((resolve) => {
    let bytes = 0;
    const decoder = createDecoder('gzip', (passed) => {
      bytes += passed.length;
    });
    const size = Math.ceil(compressed.length / pieces);
    for (let at = 0; at < compressed.length; at += size) decoder?.write(compressed.subarray(at, at + size));
    decoder?.end((decoded) => resolve({ decoded, bytes }));
  });
}

it('a body that comes faster than it is decoded is decoded all the same', async () => {
  expect(await decode(gzipSync(randomBytes(4 * MIB)), 64)).toEqual({ decoded: 'whole', bytes: 4 * MIB });
});

it('a body that comes much faster is given up, so that what waits stays bounded', async () => {
  const { decoded, bytes } = await decode(gzipSync(randomBytes(40 * MIB), { level: 0 }), 640);
  expect(decoded).toBe('too_large');
  expect(bytes).toBeLessThan(20 * MIB);
});

it('a small body that is given up has passed on what had come of it', () => {
  const whole = Buffer.from('a text, '.repeat(100));
  const compressed = gzipSync(whole);
  const passed: Buffer[] = [];
  const decoder = createDecoder('gzip', (bytes) => passed.push(bytes));
  decoder?.write(compressed.subarray(0, compressed.length - 9));
  decoder?.destroy();
  const text = Buffer.concat(passed);
  expect(text.length).toBeGreaterThan(0);
  expect(whole.subarray(0, text.length)).toEqual(text);
});

it('a small body is decoded at once, also one that holds more than was thought', async () => {
  let isOver = false;
  const decoder = createDecoder('gzip', () => {});
  decoder?.write(gzipSync('a text'));
  decoder?.end(() => {
    isOver = true;
  });
  expect(isOver).toBe(true);
  expect(await decode(gzipSync(Buffer.alloc(MIB)), 4)).toEqual({ decoded: 'whole', bytes: MIB });
});
