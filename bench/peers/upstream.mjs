import { createServer } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { streams } from '../events.mjs';

/** A completion that is no stream. */
export const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Scattering. '.repeat(20) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 14, completion_tokens: 60, total_tokens: 74 },
});
const COMPRESSED = gzipSync(ANSWER);
const SHORT = 20;

/** The provider and the Collector of a comparison; `told` counts exports that name the model. */
export async function startUpstream(events) {
  const { text } = streams['openai chat'];
  const frame = (event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`;
  const frames = Array.from({ length: 256 }, (_, i) => Buffer.from(frame(text(i))));
  const last = frame('data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  const told = { traces: 0, metrics: 0 };
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const raw = Buffer.concat(pieces);
    const exported = /^\/v1\/(traces|metrics)$/.exec(request.url)?.[1];
    if (exported !== undefined) {
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      if (body.includes('gpt-4o-mini')) told[exported]++;
      return response.end();
    }
    if (!request.url.endsWith('/chat/completions')) return response.end();
    if (!raw.includes('"stream":true')) {
      response.setHeader('content-type', 'application/json');
      if (!request.url.startsWith('/compressed')) return response.end(ANSWER);
      return response.setHeader('content-encoding', 'gzip').end(COMPRESSED);
    }
    const isShort = request.url.startsWith('/short');
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
    // Past the response, which would join what is written in one turn into one chunk.
    const { socket } = response;
    const count = isShort ? SHORT : events;
    let sent = 0;
    const write = () => {
      while (sent < count) if (!socket.write(frames[sent++ % frames.length])) return socket.once('drain', write);
      socket.write(last);
      response.end();
    };
    write();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, told, close: () => server.close() };
}
