import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, tell } from './channels.ts';

const path = '/v1/audio/transcriptions';
const BOUNDARY = '----formdata-undici-042';

type Part = readonly [name: string, value: string | Buffer];

function form(parts: readonly Part[]): Buffer {
  const pieces = parts.map(([name, value]) => {
    const file = typeof value === 'string' ? '' : `; filename="model"\r\nContent-Type: audio/mpeg`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')]);
  });
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

async function asked(sent: readonly Buffer[]) {
  const { calls, dropped } = await tell({ path, sent, status: 500 });
  return { model: calls[0]?.requestModel, streaming: calls[0]?.streaming, dropped };
}

const almost = fc.constantFrom(
  '\r\n',
  '--',
  `\r\n--${BOUNDARY.slice(0, -1)}`,
  'name="model"',
  '\r',
  '\r\n\r\n',
  'x'.repeat(300),
);
const content = fc.array(fc.oneof(almost, fc.string()), { maxLength: 12 }).map((words) => words.join(''));
const file = fc.oneof(content.map(Buffer.from), fc.uint8Array({ maxLength: 2000 }).map(Buffer.from));
const other = fc.tuple(fc.constantFrom('file', 'prompt', 'language', 'model[]', 'Model', ''), fc.oneof(content, file));
const places = fc.array(fc.nat(6000), { maxLength: 30 });

describe('a form', () => {
  it('tells its model and its mode wherever they stand, and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(other, { maxLength: 4 }),
        fc.array(other, { maxLength: 3 }),
        fc.stringMatching(/^[a-z0-9é😀/.:-]{1,40}$/u),
        fc.constantFrom('true', 'false', undefined),
        places,
        async (before, after, model, stream, at) => {
          const mode: Part[] = stream === undefined ? [] : [['stream', stream]];
          const whole = form([...before, ['model', model], ...mode, ...after] as Part[]);
          const told = { model, streaming: stream === 'true', dropped: {} };
          expect(await asked([whole])).toEqual(told);
          expect(await asked(cut(whole, at))).toEqual(told);
        },
      ),
    );
  });

  it('is read byte by byte', async () => {
    const whole = form([
      ['file', Buffer.from('abc\r\n--')],
      ['model', 'whisper-1'],
      ['stream', 'true'],
    ]);
    const told = await asked([...whole].map((byte) => Buffer.from([byte])));
    expect(told).toEqual({ model: 'whisper-1', streaming: true, dropped: {} });
  });

  it('keeps nothing of a large file', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(65_536, '\r\n------formdata-undici-04');
    const head = form([['file', Buffer.from('x')]]).subarray(0, -`\r\n--${BOUNDARY}--\r\n`.length);
    const sent = [
      head,
      ...Array.from({ length: 400 }, () => piece),
      Buffer.from('\r\n'),
      form([['model', 'whisper-1']]),
    ];
    expect(await asked(sent)).toMatchObject({ model: 'whisper-1' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  it('has no model when it is ten thousand bytes long, and that is counted', async () => {
    const whole = form([
      ['model', 'm'.repeat(10_000)],
      ['stream', 'true'],
    ]);
    const told = { model: undefined, streaming: true, dropped: { oversized_value: 1 } };
    expect(await asked([whole])).toEqual(told);
    expect(await asked(cut(whole, [200, 700, 1500, 9000]))).toEqual(told);
  });

  it.each([
    ['that is none', Buffer.from('--\r\n--')],
    ['that never begins', Buffer.from('-'.repeat(5000))],
    ['of which a head never ends', Buffer.from(`--b\r\n${'x'.repeat(9000)}`)],
    ['of which a part has no head', Buffer.from('--b\r\n\r\nmodel\r\n--b--\r\n')],
    ['that ends in the middle', form([['model', 'whisper-1']]).subarray(0, 90)],
  ])('%s has no model', async (_what, bytes) => {
    expect(await asked([bytes])).toEqual({ model: undefined, streaming: false, dropped: {} });
    expect(await asked([...bytes].map((byte) => Buffer.from([byte])))).toMatchObject({ model: undefined });
  });
});
