import { describe, expect, it } from 'vitest';
import { type PublishedExchange, tell } from './channels.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const STREAM = { 'content-type': 'text/event-stream' };
const line = (value: object): string => `${JSON.stringify(value)}\n`;
const piece = (content: string): object => ({ model: 'm', message: { content }, done: false });
const LAST = { model: 'm', done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 4 };

async function ollama(body: string, more: Partial<PublishedExchange> = {}) {
  const received = [Buffer.from(body)];
  const exchange = { path: '/api/chat', origin: 'http://127.0.0.1:11434', sent: ['{"model":"m"}'], status: 200 };
  const { calls, dropped } = await tell({ ...exchange, headers: NDJSON, received, ...more });
  expect(calls).toHaveLength(1);
  return { ...calls[0], dropped };
}

describe('a stream of JSON lines', () => {
  it.each([
    ['blank lines', `\n${line(piece('a'))}\n\r\n  \n${line(LAST)}\n`],
    ['no line feed at its end', line(piece('a')) + JSON.stringify(LAST)],
    ['lines that end in CRLF', (line(piece('a')) + line(LAST)).replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${line(piece('a'))}${line(LAST)}`],
    ['documents of several lines', `${JSON.stringify(piece('a'), null, 2)}\n${JSON.stringify(LAST, null, '\t')}\n`],
  ])('may have %s', async (_what, body) => {
    expect(await ollama(body)).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 }, dropped: {} });
  });

  it('goes on after a line that is no JSON, which is counted', async () => {
    const told = await ollama(`${line(piece('a'))}oops\n{"model":,}\n${line(LAST)}`);
    expect(told).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 }, dropped: { malformed_body: 2 } });
  });

  it('that stops before it is done is incomplete', async () => {
    const body = line(piece('a')) + line({ ...LAST, done: false });
    expect(await ollama(body)).toMatchObject({ errorType: 'incomplete_stream', usage: { input: 3 } });
    expect(await ollama(body + JSON.stringify(LAST).slice(0, -9))).toMatchObject({ errorType: 'incomplete_stream' });
  });

  it.each(['application/json', 'text/plain', 'application/octet-stream', ''])(
    'is read under the content type %j too, because it was asked for',
    async (type) => {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const told = await ollama(line(piece('a')) + line(LAST), { headers });
      expect(told).toMatchObject({ outcome: 'success', streaming: true, usage: { input: 3, output: 4 } });
    },
  );

  it('is no answer when it is HTML', async () => {
    const told = await ollama('<html>Sign in</html>', { headers: { 'content-type': 'text/html' } });
    expect(told).toMatchObject({ outcome: 'error', errorType: 'invalid_response' });
  });
});

const chunk = (more: object, reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'i', model: 'm', choices: [{ delta: { content: 'x' }, finish_reason: reason }], ...more })}\n\n`;
const usage = (prompt_tokens: unknown, completion_tokens: unknown): object => ({
  usage: { prompt_tokens, completion_tokens },
});

async function chat(body: string, more: Partial<PublishedExchange> = {}) {
  const received = [Buffer.from(body)];
  const sent = ['{"model":"m","stream":true}'];
  const { calls, dropped } = await tell({
    path: '/v1/chat/completions',
    sent,
    status: 200,
    headers: STREAM,
    received,
    ...more,
  });
  return { ...calls[0], dropped };
}

describe('usage in a stream', () => {
  it('that comes twice, and another time as something else, is what was said last', async () => {
    const body = chunk(usage(3, 4)) + chunk(usage(3, 5), 'stop') + chunk(usage(3, 6)) + chunk(usage(3, 6));
    expect(await chat(body)).toMatchObject({ usage: { input: 3, output: 6, total: 9 }, dropped: {} });
  });

  it('that turns into what cannot be is refused, and counted', async () => {
    expect(await chat(chunk(usage(3, 4), 'stop') + chunk(usage(3, -1)))).toMatchObject({
      usage: { input: 3 },
      dropped: { invalid_value: 1 },
    });
    expect(await chat(chunk(usage('3', '4'), 'stop'))).toMatchObject({
      usage: undefined,
      dropped: { invalid_value: 2 },
    });
  });

  it('that comes twice in one event is what stands last, as JSON has it', async () => {
    const twice = chunk({}, 'stop').replace('"choices"', '"usage":{"prompt_tokens":9,"completion_tokens":9},"choices"');
    const body = twice.replace(/\}\n\n$/, ',"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n');
    expect(await chat(body)).toMatchObject({ usage: { input: 3, output: 4 } });
  });

  it('of a total that nobody can explain leaves the output unknown', async () => {
    const body = chunk({ usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 20 } }, 'stop');
    expect(await chat(body)).toMatchObject({ usage: { input: 4, total: 20 }, dropped: { invalid_value: 1 } });
  });
});

describe('an answer', () => {
  it('of a model with a name of ten thousand bytes has no model, and that is counted', async () => {
    const told = await chat(chunk({ model: 'm'.repeat(10_000) }) + chunk({ model: 'n'.repeat(10_000) }, 'stop'));
    expect(told).toMatchObject({ outcome: 'success', responseModel: undefined, dropped: { oversized_value: 2 } });
  });

  it('has failed when it is an error that is but a text, or has nothing but a message', async () => {
    for (const error of ['out of memory', { message: 'out of memory' }]) {
      const received = [Buffer.from(JSON.stringify({ error }))];
      const headers = { 'content-type': 'application/json' };
      expect(await chat('', { received, headers })).toMatchObject({ outcome: 'error', errorType: '_OTHER' });
      expect(await chat('', { received, headers, status: 451 })).toMatchObject({ errorType: '451' });
    }
  });

  it('with an empty error beside an answer has not failed', async () => {
    expect(await chat(chunk({ error: {}, ...usage(3, 4) }, 'stop'))).toMatchObject({ outcome: 'success' });
    expect(await chat(chunk({ error: null, ...usage(3, 4) }, 'stop'))).toMatchObject({ outcome: 'success' });
  });

  it('of sound is none when it is a page', async () => {
    const exchange = { path: '/v1/audio/speech', sent: ['{"model":"m"}'], status: 200 };
    const html = { ...exchange, headers: { 'content-type': 'text/html' }, received: [Buffer.from('<html>')] };
    expect((await tell(html)).calls).toMatchObject([{ outcome: 'error', errorType: 'invalid_response' }]);
    const left = { ...exchange, headers: { 'content-type': 'audio/mpeg' }, received: [Buffer.from('ID3')] };
    const error = Object.assign(new Error('gone'), { code: 'UND_ERR_SOCKET' });
    expect((await tell({ ...left, error })).calls).toMatchObject([{ outcome: 'error', errorType: 'UND_ERR_SOCKET' }]);
  });

  it.each([
    [
      'a reason that has a code of its own',
      Object.assign(new Error('x'), { code: 'customer-4711' }),
      'aborted',
      'aborted',
    ],
    ['a code that undici may get one day', Object.assign(new Error('x'), { code: 'UND_ERR_NEW' }), 'error', '_OTHER'],
    [
      'a getter that throws',
      {
        get code(): string {
          throw new Error('mine');
        },
      },
      'aborted',
      'aborted',
    ],
  ])('that is ended by %s makes no error type of it', async (_what, error, outcome, errorType) => {
    expect(await chat(chunk({}), { error })).toMatchObject({ outcome, errorType });
  });
});
