import http2 from 'node:http2';
import OpenAI from 'openai';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Behaviour, type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { CHAT, collect, served, TLS } from './served.ts';

describe('HTTP/2', () => {
  let secure: MockProvider;
  let agent: Agent;
  beforeAll(async () => {
    secure = await startMockProvider({ tls: TLS, behaviour: () => served.behaviour });
  });
  beforeEach(() => {
    secure.reset();
    agent = new Agent({ allowH2: true, connect: { ca: TLS.cert } });
  });
  afterAll(() => secure.close());

  const ask = (init: { dispatcher?: Agent } = {}) =>
    undiciFetch(`${secure.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...CHAT, stream: true }),
      dispatcher: agent,
      ...init,
    });

  it('streams to undici and to the SDK, and falls back to HTTP/1.1', async () => {
    expect(await (await ask()).text()).toContain('[DONE]');
    const fetchHttp2 = ((url: string, init: object) =>
      undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch;
    const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${secure.url}/v1`, fetch: fetchHttp2 });
    served.behaviour = { encoding: 'gzip' };
    expect(await collect(await client.chat.completions.create({ ...CHAT, stream: true }))).toHaveLength(7);
    const old = new Agent({ allowH2: false, connect: { ca: TLS.cert } });
    expect(await (await ask({ dispatcher: old })).text()).toContain('[DONE]');
    expect(secure.requests.map((request) => request.httpVersion)).toEqual(['2.0', '2.0', '1.1']);
    expect(secure.requests.every((request) => !request.closedEarly)).toBe(true);
    await old.close();
    await agent.close();
  });

  it('loses the whole session when it drops', async () => {
    served.behaviour = { dropAfterChunks: 1 };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, abandoned: 0 });
    served.behaviour = {};
    expect((await ask()).status).toBe(200);
    await agent.destroy();
  });

  it('sends RST_STREAM and GOAWAY', async () => {
    const session = http2.connect(secure.url, { ca: TLS.cert });
    session.on('error', () => undefined);
    const goaway: number[] = [];
    session.on('goaway', (code: number) => goaway.push(code));
    const stream = async (faults: Partial<Behaviour>) => {
      served.behaviour = faults;
      const request = session.request({ ':method': 'POST', ':path': '/v1/chat/completions' });
      request.end(JSON.stringify({ ...CHAT, stream: true }));
      request.on('error', () => undefined);
      let text = '';
      request.on('data', (piece: Buffer) => {
        text += piece;
      });
      await new Promise((resolve) => request.once('close', resolve));
      return { text, rstCode: request.rstCode };
    };
    const reset = await stream({ resetAfterChunks: 2 });
    expect(reset.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
    expect(reset.text.match(/"content":"word "/g)).toHaveLength(2);
    const drained = await stream({ goawayAfterChunks: 2, chunkDelayMs: 20 });
    expect(drained.text).toContain('[DONE]');
    expect(goaway[0]).toBe(0);
    await expect.poll(() => session.destroyed).toBe(true);
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, completed: 1, abandoned: 0 });
  });

  it('resets a stream as an error, or as what looks like a normal end', async () => {
    served.behaviour = { resetAfterChunks: 2 };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    served.behaviour = { resetAfterChunks: 2, resetCode: http2.constants.NGHTTP2_CANCEL };
    const text = await (await ask()).text();
    expect(text.match(/"content":"word "/g)).toHaveLength(2);
    expect(text).not.toContain('[DONE]');
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 2, abandoned: 0 });
    await agent.destroy();
  });

  it('kills the session after a GOAWAY with an error code', async () => {
    served.behaviour = { goawayAfterChunks: 1, goawayCode: http2.constants.NGHTTP2_ENHANCE_YOUR_CALM };
    await expect(ask().then((reply) => reply.text())).rejects.toThrow();
    expect(secure.ledger['gpt-4o-mini']).toMatchObject({ dropped: 1, abandoned: 0 });
    await agent.destroy();
  });

  it('notices clients that leave', async () => {
    served.behaviour = { chunkDelayMs: 10, chunks: 500 };
    const reader = (await ask()).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await expect.poll(() => secure.requests[0]?.closedEarly).toBe(true);
    await agent.destroy();
  });
});
