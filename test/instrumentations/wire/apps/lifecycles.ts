/*
 * Every way in which a streamed call can end, one after the other, each under a model name of its own. What the
 * application sees of each goes to stdout as one JSON object: it must not depend on whether the process is measured.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

declare const gc: () => void;

const BASE = process.env.BASE_URL ?? '';
const CLOSED = process.env.CLOSED_URL ?? '';
const CLIENT = process.env.CLIENT ?? 'fetch';

type Fetch = typeof fetch;
type Behaviour = Record<string, unknown>;
let send: Fetch = fetch;

function call(model: string, behaviour: Behaviour, init: RequestInit = {}, base = BASE, stream = true) {
  return send(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mock-behaviour': JSON.stringify(behaviour) },
    body: JSON.stringify({ model, stream, stream_options: { include_usage: true }, messages: [] }),
    ...init,
  });
}

/** The text of the answer, without what differs from run to run. */
function textOf(body: string): string {
  return [...body.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('');
}

const SLOW = { chunks: 500, chunkDelayMs: 20 };

const lifecycles: Record<string, () => Promise<unknown>> = {
  'full-read': async () => textOf(await (await call('full-read', {})).text()),
  async break() {
    const response = await call('break', SLOW);
    for await (const chunk of response.body ?? []) return chunk.length > 0;
    return 'no chunk';
  },
  async abort() {
    const controller = new AbortController();
    const response = await call('abort', SLOW, { signal: controller.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    controller.abort();
    await reader?.read();
  },
  async 'abort-before-headers'() {
    const controller = new AbortController();
    // Not before the request is out, however slow the machine is: before that it has no model.
    const abort = (): void => {
      unsubscribe('undici:request:bodySent', abort);
      setTimeout(() => controller.abort(), 10);
    };
    subscribe('undici:request:bodySent', abort);
    await call('abort-before-headers', { hang: 'headers' }, { signal: controller.signal });
  },
  async timeout() {
    const response = await call('timeout', { hang: 'body' }, { signal: AbortSignal.timeout(600) });
    await response.text();
  },
  async 'timeout-before-headers'() {
    await call('timeout-before-headers', { hang: 'headers' }, { signal: AbortSignal.timeout(600) });
  },
  async drop() {
    await (await call('drop', { dropAfterChunks: 2 })).text();
  },
  async dns() {
    await call('dns', {}, {}, 'http://no-such-host.invalid');
  },
  async refused() {
    await call('refused', {}, {}, CLOSED);
  },
  async 'status-500'() {
    const response = await call('status-500', { status: 500 });
    return [response.status, ((await response.json()) as { error: { type: string } }).error.type];
  },
  async gzip() {
    const response = await call('gzip', { encoding: 'gzip' });
    return [response.headers.get('content-encoding'), textOf(await response.text())];
  },
  async delivered() {
    return (await call('delivered', {}, {}, BASE, false)).status;
  },
  async collected() {
    const status = (await call('collected', { hang: 'body' })).status;
    for (let turn = 0; turn < 40; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
    return status;
  },
};

function describe(error: unknown): unknown {
  if (!(error instanceof Error || error instanceof DOMException)) return { thrown: String(error) };
  const { name, message, cause, code } = error as Error & { code?: unknown };
  return { name, message, code, cause: cause === undefined ? undefined : describe(cause) };
}

async function prepare(): Promise<void> {
  if (CLIENT === 'fetch') return;
  // The specifier is no literal, so that a bundler leaves the package out.
  const undici = await import(CLIENT.replace(/:.*/, ''));
  const options = { connect: { ca: process.env.CA }, ...(CLIENT.includes(':h2') ? { allowH2: true } : {}) };
  undici.setGlobalDispatcher(new undici.Agent(options));
  if (!CLIENT.endsWith(':global')) send = undici.fetch;
}

async function main(): Promise<void> {
  const results: Record<string, unknown> = {};
  process.on('unhandledRejection', (error) => {
    results.unhandled = describe(error);
  });
  process.on('uncaughtExceptionMonitor', (error) => process.stdout.write(`uncaught ${error}`));
  await prepare();
  for (const [name, run] of Object.entries(lifecycles)) {
    try {
      results[name] = { value: await run() };
    } catch (error) {
      results[name] = { error: describe(error) };
    }
  }
  process.stdout.write(JSON.stringify(results));
  process.exitCode = 5;
  if (process.env.HOLD === undefined) return;
  // Held, unread, until a signal ends the process.
  (globalThis as { held?: unknown }).held = [
    await call('held', { hang: 'body' }),
    await call('held-gzip', { hang: 'body', encoding: 'gzip' }),
  ];
  setInterval(() => undefined, 1000);
  process.stdout.write('\nholding');
}

void main();
