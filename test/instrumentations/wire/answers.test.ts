import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { essence, type PublishedExchange, tell } from './channels.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM_TYPE = { 'content-type': 'text/event-stream' };
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const COMPLETION = JSON.stringify({ id: 'i', model: 'm-1', choices: [{ finish_reason: 'stop' }], usage });
const chunk = (reason: string | null, more = {}): string =>
  `data: ${JSON.stringify({ id: 'i', model: 'm-1', choices: [{ delta: { content: 'x' }, finish_reason: reason }], ...more })}\n\n`;

function chat(body: string | Buffer, more: Partial<PublishedExchange> = {}, asked: object = {}) {
  return tell({
    path: '/v1/chat/completions',
    sent: [JSON.stringify({ model: 'm', ...asked })],
    status: 200,
    headers: JSON_TYPE,
    received: [Buffer.from(body)],
    ...more,
  });
}

describe('an answer that is none', () => {
  it.each([
    ['HTML with status 200', '<html>Sign in</html>', { 'content-type': 'text/html' }, {}],
    [
      'HTML with status 200 instead of a stream',
      '<html>Sign in</html>',
      { 'content-type': 'text/html' },
      { stream: true },
    ],
    ['JSON that stops in the middle', COMPLETION.slice(0, -20), JSON_TYPE, {}],
    ['JSON with NaN in its usage', COMPLETION.replace('"prompt_tokens":3', '"prompt_tokens":NaN'), JSON_TYPE, {}],
    ['an empty body', '', JSON_TYPE, {}],
    ['a text', 'upstream connect error', { 'content-type': 'text/plain' }, {}],
  ])('is the error invalid_response: %s', async (_what, body, headers, asked) => {
    const { calls, dropped } = await chat(body, { headers }, asked);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ requestModel: 'm', outcome: 'error', errorType: 'invalid_response' });
    expect(calls[0]?.usage).toBeUndefined();
    expect(dropped).toEqual({ malformed_body: 1 });
  });

  it.each([
    ['without any event', ''],
    ['without a finish reason', chunk(null) + chunk(null)],
    ['cut off in its last event', chunk(null) + chunk('stop').slice(0, -12)],
  ])('is the error incomplete_stream: a stream %s', async (_what, body) => {
    const { calls } = await chat(body, { headers: STREAM_TYPE }, { stream: true });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ outcome: 'error', errorType: 'incomplete_stream' });
  });

  it('keeps its status when it is an error in HTML, and that is no malformed body', async () => {
    const { calls, dropped } = await chat('<html>Bad Gateway</html>', {
      status: 502,
      headers: { 'content-type': 'text/html' },
    });
    expect(calls[0]).toMatchObject({ outcome: 'error', errorType: '502' });
    expect(dropped).toEqual({});
  });

  it('keeps its status when it is a redirect', async () => {
    const { calls } = await chat('', { status: 307, headers: { location: 'https://elsewhere' } });
    expect(calls.map(({ errorType }) => errorType)).toEqual(['307']);
  });
});

describe('usage that cannot be true', () => {
  it.each([
    ['negative', -1],
    ['a fraction', 1.5],
    ['beyond all numbers', '1e999'],
    ['beyond whole numbers', 2 ** 60],
  ])('gives no tokens and is counted: %s', async (_what, value) => {
    const body = COMPLETION.replace('"prompt_tokens":3', `"prompt_tokens":${value}`);
    const { calls, dropped } = await chat(body);
    expect(calls[0]).toMatchObject({ outcome: 'success' });
    expect(calls[0]?.usage?.input).toBeUndefined();
    expect(dropped).toEqual({ invalid_value: 1 });
  });

  it.each([
    ['null', 'null'],
    ['absent', '{}'],
    ['a list', '[3]'],
  ])('is unknown and nothing to count: %s', async (_what, value) => {
    const { calls, dropped } = await chat(COMPLETION.replace(JSON.stringify(usage), value));
    expect(calls[0]).toMatchObject({ outcome: 'success' });
    expect(calls[0]?.usage).toBeUndefined();
    expect(dropped).toEqual({});
  });

  it('is no number when it is a string, and is counted', async () => {
    const { calls, dropped } = await chat(COMPLETION.replaceAll(/:(\d)/g, ':"$1"'));
    expect(calls[0]).toMatchObject({ outcome: 'success' });
    expect(calls[0]?.usage).toBeUndefined();
    expect(dropped).toEqual({ invalid_value: 3 });
  });
});

describe('an answer under an unusual head', () => {
  it.each([
    ['no content type', {}],
    ['a text', { 'content-type': 'text/plain; charset=utf-8' }],
    ['a vendor type', { 'content-type': 'application/vnd.api+json; charset=utf-8' }],
    ['capitals', { 'Content-Type': 'APPLICATION/JSON' }],
    ['a megabyte of other headers', { 'x-hostile': 'y'.repeat(1_000_000), ...JSON_TYPE }],
  ])('is read: %s', async (_what, headers) => {
    const { calls, dropped } = await chat(COMPLETION, { headers });
    expect(calls[0]).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 } });
    expect(dropped).toEqual({});
  });

  it('is read as the stream that was asked for when its type says something else', async () => {
    const body = chunk(null) + chunk('stop', { usage });
    const { calls } = await chat(body, { headers: { 'content-type': 'application/octet-stream' } }, { stream: true });
    expect(calls[0]).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 }, finishReasons: ['stop'] });
  });

  it.each([
    ['a byte order mark', '\ufeff'],
    ['white space', ' \r\n\t'],
  ])('is read when it begins with %s', async (_what, mark) => {
    expect((await chat(mark + COMPLETION)).calls[0]).toMatchObject({ outcome: 'success', usage: { input: 3 } });
    const stream = await chat(
      (mark === '\ufeff' ? mark : '') + chunk('stop', { usage }),
      { headers: STREAM_TYPE },
      { stream: true },
    );
    expect(stream.calls[0]).toMatchObject({ outcome: 'success', usage: { input: 3 } });
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['zstd', zstdCompressSync],
  ] as const)('is decoded: %s', async (encoding, compress) => {
    const headers = { ...JSON_TYPE, 'content-encoding': encoding };
    const { calls, dropped } = await chat(compress(COMPLETION), { headers });
    expect(calls[0]).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 } });
    expect(dropped).toEqual({});
  });

  it('is told with its tokens though the process ends at once, where it is small', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const { calls } = await chat(gzipSync(COMPLETION), { headers, stopsAtOnce: true });
    expect(calls).toMatchObject([{ outcome: 'success', usage: { input: 3, output: 4 } }]);
  });

  it('is told without its tokens when the process ends before it is decoded', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const large = COMPLETION.replace('{', `{"noise":"${randomBytes(20_000).toString('hex')}",`);
    const { calls } = await chat(gzipSync(large), { headers, stopsAtOnce: true });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ requestModel: 'm', outcome: 'success', usage: undefined });
  });

  it.each(['rot13', 'constructor', '__proto__'])(
    'is left alone in the encoding %s, and that is counted',
    async (name) => {
      const { calls, dropped } = await chat('???', { headers: { ...JSON_TYPE, 'content-encoding': name } });
      expect(calls[0]).toMatchObject({ outcome: 'success' });
      expect(calls[0]?.usage).toBeUndefined();
      expect(dropped).toEqual({ undecodable_body: 1 });
    },
  );

  it('is the error invalid_response when it is not in the encoding that it names', async () => {
    const { calls, dropped } = await chat(COMPLETION, { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } });
    expect(calls[0]).toMatchObject({ outcome: 'error', errorType: 'invalid_response' });
    expect(dropped).toMatchObject({ undecodable_body: 1 });
  });

  it('is given up, and judged by its end alone, when it grows without bounds while it is decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024, ' '), { level: 1 });
    const pieces = Array.from({ length: Math.ceil(bomb.length / 65_536) }, (_, at) =>
      bomb.subarray(at * 65_536, (at + 1) * 65_536),
    );
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const { calls, dropped } = await chat('', { headers, received: pieces });
    expect(calls[0]).toMatchObject({ outcome: 'success' });
    expect(dropped).toEqual({ undecodable_body: 1 });
  });
});

describe('a stream', () => {
  it('is a success once it has said that it is finished, whatever ends the exchange', async () => {
    const abort = Object.assign(new Error('aborted'), { name: 'AbortError' });
    const { calls } = await chat(chunk(null) + chunk('stop'), { headers: STREAM_TYPE, error: abort }, { stream: true });
    expect(calls[0]).toMatchObject({ outcome: 'success', finishReasons: ['stop'] });
  });

  it('that never ends costs no memory that grows, and is told when it is given up', async () => {
    const received = Array.from({ length: 50_000 }, (_, i) => Buffer.from(chunk(null, { n: i })));
    const error = Object.assign(new Error('gone'), { code: 'UND_ERR_SOCKET' });
    const { calls } = await chat('', { headers: STREAM_TYPE, received, error }, { stream: true });
    expect(calls[0]).toMatchObject({ outcome: 'error', errorType: 'UND_ERR_SOCKET' });
  });

  it('of one event that never ends is told too', async () => {
    const received = Array.from({ length: 2000 }, () => Buffer.from(`data: {"x":"${'y'.repeat(2000)}`));
    const { calls } = await chat('', { headers: STREAM_TYPE, received }, { stream: true });
    expect(calls[0]).toMatchObject({ errorType: 'incomplete_stream' });
  });

  it('of Gemini without candidates is complete when the prompt was refused', async () => {
    const refused = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 5 } };
    const { calls } = await tell({
      path: '/v1beta/models/m:streamGenerateContent?alt=sse',
      sent: ['{}'],
      status: 200,
      headers: STREAM_TYPE,
      received: [Buffer.from(`data: ${JSON.stringify(refused)}\r\n\r\n`)],
    });
    expect(calls[0]).toMatchObject({ outcome: 'success', usage: { input: 5 } });
  });
});

describe('a request', () => {
  it('with a model name of ten thousand bytes has no model, and that is counted', async () => {
    const { calls, dropped } = await chat(COMPLETION, {}, { model: 'm'.repeat(10_000) });
    expect(calls[0]?.requestModel).toBeUndefined();
    expect(dropped).toEqual({ oversized_value: 1 });
  });

  it.each([
    ['nothing', []],
    ['no JSON', ['model=m&stream=true']],
    ['a model that is no string', ['{"model":{"name":"m"}}']],
    ['bytes that are no text', [Buffer.from([0xff, 0xfe, 0x00])]],
  ])('that sends %s is told without a model', async (_what, sent) => {
    const { calls } = await chat(COMPLETION, { sent });
    expect(essence({ calls, dropped: {} })).toMatchObject({ told: [{ requestModel: undefined, outcome: 'success' }] });
  });

  it('that gets hints before its answer is told by its answer', async () => {
    const { calls } = await chat(COMPLETION, { hints: [103] });
    expect(calls[0]).toMatchObject({ requestModel: 'm', outcome: 'success', usage: { input: 3 } });
  });
});
