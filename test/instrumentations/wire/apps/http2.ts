/* What HTTP/2 adds to the ways in which a call can end; what the application sees of each goes to stdout. */
const BASE = process.env.BASE_URL ?? '';
let send: typeof fetch = fetch;

async function call(model: string, behaviour: object): Promise<unknown> {
  try {
    const response = await send(`${BASE}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-mock-behaviour': JSON.stringify({ chunkDelayMs: 10, ...behaviour }),
      },
      body: JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, messages: [] }),
    });
    return [...(await response.text()).matchAll(/"content":"([^"]*)"/g)].length;
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string } };
    return [name, cause?.code];
  }
}

async function main(): Promise<void> {
  if (process.env.CLIENT !== 'fetch') {
    const undici = await import(process.env.CLIENT ?? '');
    undici.setGlobalDispatcher(new undici.Agent({ allowH2: true, connect: { ca: process.env.CA } }));
    send = undici.fetch;
  }
  const results = {
    cancelled: await call('cancelled', { resetAfterChunks: 2, resetCode: 8 }),
    reset: await call('reset', { resetAfterChunks: 2, resetCode: 2 }),
    drained: await call('drained', { goawayAfterChunks: 2 }),
    killed: await call('killed', { goawayAfterChunks: 2, goawayCode: 2 }),
    parallel: await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call('parallel', { chunks: 3 + i, promptTokens: i, completionTokens: 3 + i }),
      ),
    ),
  };
  process.stdout.write(JSON.stringify(results));
}

void main();
