/*
 * The lifecycles of `lifecycles.ts` through clients on node:http and node:https; what the application sees of each goes
 * to stdout as one JSON object, and must not depend on whether the process is measured.
 */
import type { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const BASE = process.env.BASE_URL ?? '';
const CLOSED = process.env.CLOSED_URL ?? '';
const CLIENT = process.env.CLIENT ?? 'node';
const PATH = '/v1/chat/completions';

interface Ask {
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
  readonly base?: string;
  /** Called once the request is out. */
  readonly onSent?: () => void;
}
interface Answer {
  readonly status: number;
  readonly encoding?: unknown;
  /** The whole body. */
  text(): Promise<string>;
  /** Leaves after the first chunk. */
  leave(): Promise<unknown>;
  /** Whether the body has arrived, read or not. */
  readonly hasArrived?: () => boolean;
  /** What else the application can see. */
  readonly seen?: unknown;
}
type Send = (model: string, behaviour: object, ask?: Ask) => Promise<Answer>;

function headersOf(behaviour: object): Record<string, string> {
  return {
    'content-type': 'application/json',
    'accept-encoding': 'gzip',
    'x-mock-behaviour': JSON.stringify(behaviour),
  };
}

function bodyOf(model: string, stream: boolean): Record<string, unknown> {
  return { model, stream, messages: [], ...(stream ? { stream_options: { include_usage: true } } : {}) };
}

async function read(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk as Uint8Array).toString('utf8');
  return text;
}

async function leave(stream: AsyncIterable<Uint8Array | string>): Promise<unknown> {
  for await (const chunk of stream) return chunk.length > 0;
  return 'no chunk';
}

function listeners(emitter: EventEmitter): unknown {
  return emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]);
}

/** `http.request` itself, with nothing between. */
function plain(): Send {
  return (model, behaviour, { stream = true, signal, timeout, base = BASE, onSent } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const url = new URL(base + PATH);
    const { request } = url.protocol === 'https:' ? https : http;
    const agent = agents[url.protocol as 'http:'];
    const options = { method: 'POST', headers: headersOf(behaviour), agent, ...(signal && { signal }) };
    const asked = request(url, { ...options, ...(timeout && { timeout }) });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', reject);
    asked.on('response', (response) => {
      // An abort ends the request with an error after the answer has come: that is told by the body.
      const encoding = response.headers['content-encoding'];
      const body = (): Readable => (encoding === 'gzip' ? response.pipe(createGunzip()) : response);
      const { readableFlowing, readableLength } = response;
      resolve({
        status: response.statusCode ?? 0,
        encoding,
        text: () => read(body()),
        leave: () => leave(response),
        hasArrived: () => response.complete,
        seen: {
          request: listeners(asked),
          response: listeners(response),
          readableFlowing,
          readableLength,
          reused: asked.reusedSocket,
          properties: [Object.keys(asked), Object.keys(response)],
        },
      });
    });
    const json = JSON.stringify(bodyOf(model, stream));
    asked.write(json.slice(0, 9));
    asked.end(Buffer.from(json.slice(9)).toString('base64'), 'base64', onSent);
    return promise;
  };
}

async function axiosClient(isStream: boolean): Promise<Send> {
  const { default: axios } = await import('axios');
  return async (model, behaviour, { stream = true, signal, timeout, base = BASE, onSent } = {}) => {
    const sending = axios.post(base + PATH, bodyOf(model, stream), {
      headers: headersOf(behaviour),
      ...(isStream ? { responseType: 'stream' as const } : { responseType: 'text' as const }),
      ...(signal && { signal }),
      ...(timeout && { timeout }),
      validateStatus: null,
    });
    onSent?.();
    const { status, data, headers } = await sending;
    const encoding = headers['content-encoding'];
    if (!isStream) return { status, encoding, text: async () => data, leave: async () => 'read already' };
    return { status, encoding, text: () => read(data), leave: () => leave(data), hasArrived: () => data.complete };
  };
}

async function nodeFetch(): Promise<Send> {
  // The specifier is no literal, so that a bundler leaves the package out.
  const name = 'node-fetch';
  const { default: send } = await import(name);
  return async (model, behaviour, { stream = true, signal, timeout, base = BASE, onSent } = {}) => {
    const sending = send(base + PATH, {
      method: 'POST',
      headers: headersOf(behaviour),
      body: JSON.stringify(bodyOf(model, stream)),
      signal: signal ?? (timeout === undefined ? undefined : AbortSignal.timeout(timeout)),
    });
    onSent?.();
    const response = await sending;
    const encoding = response.headers.get('content-encoding');
    const { status, body } = response;
    const hasArrived = (): boolean => body.readableLength > 0;
    return { status, encoding, text: () => response.text(), leave: () => leave(body), hasArrived };
  };
}

async function openAi4(): Promise<Send> {
  const { default: OpenAI } = await import('openai-4');
  const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${BASE}/v1`, maxRetries: 0 });
  return async (model, behaviour, { stream = true, signal, timeout, base = BASE, onSent } = {}) => {
    const { authorization: _, ...headers } = headersOf(behaviour);
    const options = { headers, ...(signal && { signal }), ...(timeout && { timeout }) };
    const on = base === BASE ? client : new OpenAI({ apiKey: 'sk-mock', baseURL: `${base}/v1`, maxRetries: 0 });
    const sending = on.chat.completions.create(bodyOf(model, stream) as never, options);
    onSent?.();
    const { data, response } = await (sending as ReturnType<typeof client.chat.completions.create>).withResponse();
    const chunks = data as unknown as AsyncIterable<{ choices: { delta: { content?: string } }[] }>;
    return {
      status: response.status,
      encoding: response.headers.get('content-encoding'),
      async text() {
        if (!stream) return JSON.stringify(data);
        let text = '';
        for await (const chunk of chunks) text += JSON.stringify(chunk);
        return text;
      },
      async leave() {
        for await (const chunk of chunks) return chunk.choices.length;
        return 'no chunk';
      },
    };
  };
}

const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) };
const SLOW = { chunks: 500, chunkDelayMs: 20 };
let send: Send;

/** The text of the answer, without what differs from run to run. */
function textOf(body: string): string {
  return [...body.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('');
}

const lifecycles: Record<string, () => Promise<unknown>> = {
  'full-read': async () => textOf(await (await send('full-read', {})).text()),
  async again() {
    const { seen, text } = await send('again', {});
    await text();
    return seen;
  },
  async break() {
    // What is not read as a stream cannot be left.
    const answer = await send('break', CLIENT === 'axios' ? {} : SLOW);
    return [await answer.leave(), answer.seen];
  },
  async abort() {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const answer = await send('abort', SLOW, { signal: controller.signal });
    return (await answer.text()).length > 0;
  },
  async 'abort-before-headers'() {
    const controller = new AbortController();
    const onSent = (): void => void setTimeout(() => controller.abort(), 200);
    await send('abort-before-headers', { hang: 'headers' }, { signal: controller.signal, onSent });
  },
  async timeout() {
    const answer = await send('timeout', { hang: 'body' }, { timeout: 400 });
    // The SDK's timeout ends with the answer's head.
    if (CLIENT === 'openai-4') return answer.leave();
    return (await answer.text()).length > 0;
  },
  async 'timeout-before-headers'() {
    await send('timeout-before-headers', { hang: 'headers' }, { timeout: 400 });
  },
  async drop() {
    return (await (await send('drop', { dropAfterChunks: 2 })).text()).length > 0;
  },
  async dns() {
    await send('dns', {}, { base: 'http://no-such-host.invalid' });
  },
  async refused() {
    await send('refused', {}, { base: CLOSED });
  },
  async 'status-500'() {
    const { status, text } = await send('status-500', { status: 500 });
    return [status, await text()];
  },
  async gzip() {
    const { encoding, text } = await send('gzip', { encoding: 'gzip' });
    return [encoding, textOf(await text())];
  },
  async delivered() {
    const { status, hasArrived } = await send('delivered', {}, { stream: false });
    while (hasArrived?.() === false) await new Promise((resolve) => setTimeout(resolve, 5));
    return status;
  },
};

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const { name, message, cause, code } = error as Error & { code?: unknown };
  const text = message.replaceAll(/req_\w+/g, '');
  return { class: error.constructor.name, name, text, code, cause: cause === undefined ? undefined : describe(cause) };
}

async function main(): Promise<void> {
  const results: Record<string, unknown> = {};
  process.on('unhandledRejection', (error) => {
    results.unhandled = describe(error);
  });
  process.on('uncaughtExceptionMonitor', (error) => process.stdout.write(`uncaught ${error}`));
  const clients: Record<string, () => Send | Promise<Send>> = {
    node: plain,
    axios: () => axiosClient(false),
    'axios-stream': () => axiosClient(true),
    'node-fetch': nodeFetch,
    'openai-4': openAi4,
  };
  send = (await clients[CLIENT]?.()) as Send;
  for (const [name, run] of Object.entries(lifecycles)) {
    try {
      results[name] = { value: await run() };
    } catch (error) {
      results[name] = { error: describe(error) };
    }
  }
  process.stdout.write(JSON.stringify(results));
  process.exitCode = 5;
  if (process.env.HOLD === undefined) {
    // An answer that nobody reads holds its connection.
    for (const agent of [...Object.values(agents), http.globalAgent, https.globalAgent]) agent.destroy();
    return;
  }
  // Held, unread, until a signal ends the process.
  (globalThis as { held?: unknown }).held = [
    await send('held', { hang: 'body' }),
    await send('held-gzip', { hang: 'body', encoding: 'gzip' }),
    send('held-request', { hang: 'headers' }),
  ];
  setTimeout(() => process.stdout.write('\nholding'), 100);
}

void main();
