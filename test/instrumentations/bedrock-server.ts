import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

/** Bedrock's runtime API on 127.0.0.1, over HTTP/2 without TLS and over HTTP/1.1; the model's name tells what it does. */
export interface BedrockServer {
  readonly h2: string;
  readonly h1: string;
  /** Requests of a model so far. */
  count(model: string): number;
  close(): Promise<void>;
}

interface Told {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly pieces: readonly Uint8Array[];
  readonly delayMs?: number;
  readonly ending?: 'end' | 'reset' | 'kill' | 'never';
}

interface Codec {
  encode(message: { headers: Record<string, { type: string; value: string }>; body: Uint8Array }): Uint8Array;
}
type CodecClass = new (toText: (bytes: Uint8Array) => string, fromText: (text: string) => Uint8Array) => Codec;

/** The one that the SDK reads with. */
const ofSdk = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'));
const { EventStreamCodec } = ofSdk('@smithy/core/event-streams') as { EventStreamCodec: CodecClass };
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text),
);

/** A frame as the service writes it. */
export function frame(kind: 'event' | 'exception', type: string, payload: unknown): Uint8Array {
  return codec.encode({
    headers: {
      [`:${kind}-type`]: { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
      ':message-type': { type: 'string', value: kind },
    },
    body: Buffer.from(JSON.stringify(payload)),
  });
}

const event = (type: string, payload: unknown): Uint8Array => frame('event', type, payload);
const chunk = (payload: unknown): Uint8Array =>
  event('chunk', { bytes: Buffer.from(JSON.stringify(payload)).toString('base64'), p: 'abcdef' });

const USAGE = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };
const CACHED = {
  inputTokens: 10,
  outputTokens: 20,
  totalTokens: 1130,
  cacheReadInputTokens: 1000,
  cacheWriteInputTokens: 100,
  cacheDetails: [
    { ttl: '1h', inputTokens: 60 },
    { ttl: '5m', inputTokens: 40 },
  ],
};
const METRICS = {
  'amazon-bedrock-invocationMetrics': {
    inputTokenCount: 5,
    outputTokenCount: 6,
    invocationLatency: 7,
    firstByteLatency: 1,
  },
};

function conversed(usage: object): Told {
  const message = { role: 'assistant', content: [{ text: 'Hello' }] };
  return json({ output: { message }, stopReason: 'end_turn', usage, metrics: { latencyMs: 5 } });
}

function json(body: object, status = 200, headers: Record<string, string> = {}): Told {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    pieces: [Buffer.from(JSON.stringify(body))],
  };
}

function refusal(status: number, type: string): Told {
  return json({ message: 'No.' }, status, { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/` });
}

const BEGINNING = [
  event('messageStart', { role: 'assistant' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hel' }, p: 'abc' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'lo' }, p: 'a' }),
];
const ENDING = (usage: object) => [
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('messageStop', { stopReason: 'end_turn' }),
  event('metadata', { usage, metrics: { latencyMs: 5 } }),
];

function streamed(usage: object = USAGE): Told {
  return frames([...BEGINNING, ...ENDING(usage)]);
}

function frames(pieces: readonly Uint8Array[], how: Partial<Told> = {}): Told {
  return { status: 200, headers: { 'content-type': 'application/vnd.amazon.eventstream' }, pieces, delayMs: 5, ...how };
}

/** A bit that was lost on the way, in a frame in the middle. */
function garbled(): Told {
  const whole = Buffer.concat([...BEGINNING, ...ENDING(USAGE)]);
  const at = (BEGINNING[0]?.length ?? 0) + (BEGINNING[1]?.length ?? 0) - 10;
  whole[at] = (whole[at] as number) ^ 1;
  return frames([whole]);
}

/** Byte by byte. */
function scattered(): Told {
  const bytes = Buffer.concat([...BEGINNING, ...ENDING(USAGE)]);
  return frames(
    Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(at * 7, at * 7 + 7)),
    { delayMs: 0 },
  );
}

function answer(id: string, attempt: number): Told {
  const does = (part: string): boolean => id.includes(part);
  if (does('second-try')) return attempt === 1 ? refusal(429, 'ThrottlingException') : conversed(USAGE);
  if (does('exhausted')) return refusal(503, 'ServiceUnavailableException');
  if (does('invalid')) return refusal(400, 'ValidationException');
  if (does('html')) {
    const html = Buffer.from('<html><body>Bad gateway</body></html>');
    return { status: 404, headers: { 'content-type': 'text/html' }, pieces: [html] };
  }
  if (['aborted', 'timed-out', 'no-answer'].some(does)) return { ...conversed(USAGE), status: 0 };
  if (does('stream-bytes')) return scattered();
  if (does('stream-cached')) return streamed({ ...CACHED, inputTokens: 1110, totalTokens: 2230 });
  // The client leaves the stream open when its reader does, and the answer goes on.
  if (does('stream-break')) return { ...streamed(), delayMs: 30 };
  if (does('stream-abort')) return frames(BEGINNING, { ending: 'never' });
  if (does('stream-reset')) return frames(BEGINNING, { ending: 'reset' });
  if (does('stream-killed')) return frames(BEGINNING, { ending: 'kill' });
  if (does('stream-short')) return frames(BEGINNING);
  if (does('stream-thrown'))
    return frames([...BEGINNING, frame('exception', 'throttlingException', { message: 'Slow' })]);
  if (does('stream-garbled')) return garbled();
  if (does('anthropic.invoked')) {
    const usage = { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 30, cache_creation_input_tokens: 40 };
    return json({ id: 'msg_1', type: 'message', model: 'claude-x', content: [], stop_reason: 'end_turn', usage });
  }
  if (does('titan-invoked')) {
    return json({ inputTextTokenCount: 8, results: [{ tokenCount: 9, outputText: 'x', completionReason: 'FINISH' }] });
  }
  if (does('counted-in-headers')) {
    const counts = { 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '12' };
    return json({ outputs: [{ text: 'x', stop_reason: 'stop' }] }, 200, counts);
  }
  if (does('embed')) return json({ embedding: [0.1, 0.2], inputTextTokenCount: 13 });
  if (does('anthropic.streamed')) {
    const message = { id: 'msg_2', model: 'claude-x', usage: { input_tokens: 5, output_tokens: 1 } };
    return frames([
      chunk({ type: 'message_start', message }),
      chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
      chunk({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 6 } }),
      chunk({ type: 'message_stop', ...METRICS }),
    ]);
  }
  if (does('meta.streamed')) {
    return frames([
      chunk({ generation: 'H', prompt_token_count: 5, generation_token_count: 1, stop_reason: null }),
      chunk({ generation: 'i', prompt_token_count: null, generation_token_count: 6, stop_reason: 'stop', ...METRICS }),
    ]);
  }
  if (does('stream') || does('without-sdk')) return streamed();
  return conversed(
    does('anthropic.claude')
      ? { inputTokens: 1e6, outputTokens: 1e6, totalTokens: 2e6 }
      : does('whole')
        ? CACHED
        : USAGE,
  );
}

async function transmit(told: Told, out: Writable, reset: () => void, kill: () => void): Promise<void> {
  for (const piece of told.pieces) {
    if (out.destroyed) return;
    out.write(piece);
    if (told.delayMs !== undefined) await wait(told.delayMs);
  }
  if (told.ending === 'reset') reset();
  else if (told.ending === 'kill') kill();
  else if (told.ending !== 'never') out.end();
}

/** Starts the server. */
export async function startBedrock(): Promise<BedrockServer> {
  const counts = new Map<string, number>();
  const counted = (path: string, request: unknown): Told => {
    const id = decodeURIComponent(/\/model\/([^/]+)\//.exec(path)?.[1] ?? '');
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return answer(id, Number(/attempt=(\d+)/.exec(String(request))?.[1] ?? 1));
  };
  const h2: Http2Server = createHttp2Server();
  const sessions = new Set<{ destroy(): void }>();
  h2.on('session', (session) => sessions.add(session));
  h2.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined).resume();
    stream.once('end', () => {
      const told = counted(String(headers[':path']), headers['amz-sdk-request']);
      if (told.status === 0) return;
      stream.respond({ ':status': told.status, ...told.headers });
      void transmit(
        told,
        stream,
        () => stream.close(2),
        () => stream.session?.destroy(),
      );
    });
  });
  const sockets = new Set<Socket>();
  const h1: Server = createHttpServer((request, response) => {
    request.resume().once('end', () => {
      const told = counted(String(request.url), request.headers['amz-sdk-request']);
      response.writeHead(told.status, told.headers);
      const drop = (): unknown => request.socket.destroy();
      void transmit(told, response, drop, drop);
    });
  });
  h1.on('connection', (socket) => sockets.add(socket));
  const listen = async (server: Server | Http2Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  return {
    h2: await listen(h2),
    h1: await listen(h1),
    count: (model) => counts.get(model) ?? 0,
    async close() {
      for (const open of [...sessions, ...sockets]) open.destroy();
      await Promise.all([h2, h1].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
