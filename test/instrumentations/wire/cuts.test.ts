import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behaviour, type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { cut, essence, type PublishedExchange, tell } from './channels.ts';

const FORMATS: Readonly<Record<string, { path: string; body: object }>> = {
  'OpenAI chat': { path: '/v1/chat/completions', body: { messages: [] } },
  'OpenAI chat stream': {
    path: '/v1/chat/completions',
    body: { messages: [], stream: true, n: 2, stream_options: { include_usage: true } },
  },
  'OpenAI responses': { path: '/v1/responses', body: { input: 'Hi' } },
  'OpenAI responses stream': { path: '/v1/responses', body: { input: 'Hi', stream: true } },
  'OpenAI embeddings': { path: '/v1/embeddings', body: { input: 'Hi' } },
  'Anthropic message': { path: '/v1/messages', body: { max_tokens: 9, messages: [] } },
  'Anthropic message stream': { path: '/v1/messages', body: { max_tokens: 9, messages: [], stream: true } },
  'Gemini content': { path: '/v1beta/models/m-1:generateContent', body: { contents: [] } },
  'Gemini event stream': { path: '/v1beta/models/m-1:streamGenerateContent?alt=sse', body: { contents: [] } },
  'Gemini array stream': { path: '/v1beta/models/m-1:streamGenerateContent', body: { contents: [] } },
};
const VARIANTS: readonly Partial<Behaviour>[] = [
  {},
  { spacedJson: true, crlf: true, obfuscation: true },
  { deltaText: 'é😀"\\ "finish_reason":"stop" \n', chunks: 9 },
  { usage: 'absent' },
  { errorEventAfterChunks: 2 },
];

let mock: MockProvider;
beforeAll(async () => {
  mock = await startMockProvider();
});
afterAll(() => mock.close());

/** The bytes of one exchange, as the mock provider served them. */
async function record(path: string, body: object, behaviour: Partial<Behaviour>) {
  const tokens = { promptTokens: 31, completionTokens: 17, cachedTokens: 7, reasoningTokens: 3, cacheWriteTokens: 5 };
  const sent = Buffer.from(JSON.stringify({ prompt: 'x"\\'.repeat(50), model: 'm-1', ...body }));
  const response = await fetch(`${mock.url}${path}`, {
    method: 'POST',
    body: sent,
    headers: { 'x-mock-behaviour': asAscii(JSON.stringify({ ...tokens, ...behaviour })) },
  });
  const received = Buffer.from(await response.arrayBuffer());
  const headers = { 'content-type': response.headers.get('content-type') ?? '' };
  return { sent, received, exchange: { path, status: response.status, headers } satisfies PublishedExchange };
}

/** Headers hold no other characters. */
function asAscii(json: string): string {
  return json.replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const places = fc.array(fc.nat(20_000), { maxLength: 40 });

describe.each(Object.entries(FORMATS))('%s', (_name, { path, body }) => {
  it.each(VARIANTS)('says the same however its bytes are cut, with %o', async (behaviour) => {
    const { sent, received, exchange } = await record(path, body, behaviour);
    const whole = essence(await tell({ ...exchange, sent: [sent], received: [received] }));
    expect(whole).toMatchObject({ told: [{ requestModel: 'm-1' }] });
    if (behaviour.usage !== 'absent' && behaviour.errorEventAfterChunks === undefined) {
      expect(whole).toMatchObject({ told: [{ outcome: 'success', usage: { input: 31 } }], dropped: {} });
    }
    const check = async (sentPieces: Buffer[], receivedPieces: Buffer[]): Promise<void> => {
      expect(essence(await tell({ ...exchange, sent: sentPieces, received: receivedPieces }))).toEqual(whole);
    };
    for (const size of [1, 2, 3, 7]) {
      const each = (bytes: Buffer): Buffer[] =>
        cut(
          bytes,
          [...Array(Math.ceil(bytes.length / size)).keys()].map((i) => i * size),
        );
      await check(each(sent), each(received));
    }
    const eventByEvent = received
      .toString('latin1')
      .split(/(?<=\n\n|\r\n\r\n)/)
      .map((event) => Buffer.from(event, 'latin1'));
    await check([sent], eventByEvent);
    await fc.assert(
      fc.asyncProperty(places, places, (sentAt, receivedAt) => check(cut(sent, sentAt), cut(received, receivedAt))),
      { numRuns: 60 },
    );
  });
});
