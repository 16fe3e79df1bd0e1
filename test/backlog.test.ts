import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { startMockProvider } from '../examples/mock-provider/index.ts';
import { startReceiver } from './helpers/receiver.ts';
import { type AppOptions, NODES, REGISTER, runApp } from './helpers/run-app.ts';

const mock = await startMockProvider();
afterAll(() => mock.close());

const DURATION = 'gen_ai.client.operation.duration';
const OVERHEAD = 'gaugeway.gateway.overhead';
const MODEL = 'gen_ai.request.model';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const START = `
  const base = process.env.BASE_URL;
  const options = (model, behaviour = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mock-behaviour': JSON.stringify(behaviour) },
    body: JSON.stringify({ model, messages: [] }),
  });
  const post = async (model, behaviour) => (await fetch(base + '/v1/chat/completions', options(model, behaviour))).text();
`;

async function run(source: string, options: Omit<AppOptions, 'source'> = {}) {
  const receiver = await startReceiver();
  mock.reset();
  const env = { BASE_URL: mock.url, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env, ...options.env };
  const end = await runApp({ flags: REGISTER, ...options, source: `${START}${source}`, env });
  await receiver.close();
  const tokens = (model: string, type: string): number =>
    receiver
      .points('gen_ai.client.token.usage', { [MODEL]: model, 'gen_ai.token.type': type })
      .reduce((sum, point) => sum + (point.sum ?? 0), 0);
  return { ...end, receiver, tokens };
}

describe('what hooks have seen and nobody has thought about yet', () => {
  it.each(NODES)('is in the last export of a program that ends by itself on Node %s', async (node) => {
    const { code, stderr, receiver } = await run(`await Promise.all(Array.from({ length: 100 }, () => post('m')));`, {
      node,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(receiver.total(DURATION, { [MODEL]: 'm' })).toBe(100);
    expect(receiver.spans.filter(({ name }) => name === 'chat m')).toHaveLength(100);
    expect(receiver.total('gaugeway.model.active')).toBe(0);
  });

  it('is in the last export of a program that a signal ends right after its call', async () => {
    const { signal, receiver, tokens } = await run(
      `setInterval(() => {}, 1000); await post('m'); console.log('answered');`,
      { onStdout: (text, kill) => text.includes('answered') && kill('SIGTERM') },
    );
    expect(signal).toBe('SIGTERM');
    expect(receiver.total(DURATION, { [MODEL]: 'm' })).toBe(1);
    expect(tokens('m', 'output')).toBe(mock.ledger.m?.reportedOutputTokens);
    expect(receiver.spans.map(({ name }) => name)).toEqual(['chat m']);
  });

  it('is in what a flush exports', async () => {
    const { stdout, receiver } = await run(`
      import { setup } from 'gaugeway/setup';
      const handle = setup();
      await post('m');
      await handle.flush();
      console.log('flushed');
      // Nothing else is exported.
      process.kill(process.pid, 'SIGKILL');
    `);
    expect(stdout).toBe('flushed\n');
    expect(receiver.total(DURATION, { [MODEL]: 'm' })).toBe(1);
    expect(receiver.spans).toHaveLength(1);
  });

  it('is in what Prometheus reads', async () => {
    const port = await freePort();
    const { stdout } = await run(
      `await post('m');
      const page = await (await fetch('http://127.0.0.1:${port}/metrics')).text();
      console.log(/gen_ai_client_operation_duration_seconds_count\\{.*\\} (\\d+)/.exec(page)?.[1]);
      process.exit();`,
      { env: { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) } },
    );
    expect(stdout).toBe('1\n');
  });

  it('is told in its order: all of two thousand calls at once, plain, failed, broken, compressed and long', async () => {
    const { code, receiver, tokens } = await run(`
      const kinds = {
        plain: {}, failed: { status: 500 }, broken: { truncate: true }, zipped: { encoding: 'gzip' }, long: { deltaText: 'x'.repeat(500), chunks: 80 },
      };
      for (let round = 0; round < 20; round++) {
        await Promise.all(Array.from({ length: 20 }, () => Object.entries(kinds).map(([model, behaviour]) =>
          post(model, behaviour).catch(() => {}))).flat());
      }
    `);
    expect(code).toBe(0);
    for (const model of ['plain', 'failed', 'broken', 'zipped', 'long']) {
      const [all, ...others] = receiver.points(DURATION, { [MODEL]: model });
      expect({ model, count: all?.count, others }).toEqual({ model, count: 400, others: [] });
      expect(tokens(model, 'input')).toBe(mock.ledger[model]?.reportedInputTokens);
      expect(tokens(model, 'output')).toBe(mock.ledger[model]?.reportedOutputTokens);
    }
    expect(receiver.spans).toHaveLength(2000);
  });

  it('does not change with what the application does to its bytes', async () => {
    const { code, stderr, tokens } = await run(`
      import { request } from 'undici';
      import { request as ask } from 'node:http';
      const wiped = (body, chunkOf) => new Promise((resolve) => {
        body.on('data', (chunk) => { chunk.fill(0); }).on('end', resolve);
      });
      for (let turn = 0; turn < 10; turn++) {
        const { body } = await request(base + '/v1/chat/completions', options('undici'));
        await wiped(body);
        const long = await request(base + '/v1/chat/completions', options('long', { deltaText: 'x'.repeat(500), chunks: 80 }));
        await wiped(long.body);
        const { method, headers, body: text } = options('http');
        const bytes = Buffer.from(text);
        const asked = ask(base + '/v1/chat/completions', { method, headers });
        asked.end(bytes);
        const answer = await new Promise((resolve) => asked.on('response', resolve));
        bytes.fill(0);
        await wiped(answer);
      }
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const model of ['undici', 'long', 'http']) {
      expect(mock.ledger[model]?.requests).toBe(10);
      expect(tokens(model, 'input')).toBe(mock.ledger[model]?.reportedInputTokens);
      expect(tokens(model, 'output')).toBe(mock.ledger[model]?.reportedOutputTokens);
    }
  });

  it('is understood though others have taken the room of its first pieces when the next ones come', async () => {
    const port = await freePort();
    const { code, stderr, receiver, tokens } = await run(
      `
      import { createServer } from 'node:http';
      const { setTimeout: pause } = await import('node:timers/promises');
      const events = [
        { model: 'cut-2026', choices: [{ index: 0, delta: { content: 'Scatt' } }] },
        { model: 'cut-2026', choices: [{ index: 0, delta: { content: 'ering' }, finish_reason: 'stop' }] },
        { model: 'cut-2026', choices: [], usage: { prompt_tokens: 1234567, completion_tokens: 7654321 } },
      ].map((event) => 'data: ' + JSON.stringify(event) + '\\n\\n').join('') + 'data: [DONE]\\n\\n';
      // Within the name of the model, a key, and both numbers.
      const cuts = ['"cut-', 'finish_re', '12345', '76543'].map((text) => events.indexOf(text) + text.length);
      const provider = createServer(async (request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (let at = 0; at < cuts.length; at++) {
          response.write(events.slice(cuts[at - 1] ?? 0, cuts[at]));
          await pause(100);
          for (let turn = 0; turn < 10; turn++) await post('other');
          await pause(100);
        }
        response.end(events.slice(cuts.at(-1)));
      }).listen(${port}, '127.0.0.1');
      const stream = { ...options('cut'), body: JSON.stringify({ model: 'cut', stream: true, messages: [] }) };
      await (await fetch('http://127.0.0.1:${port}/v1/chat/completions', stream)).text();
      provider.close();
    `,
      { env: { GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url},openai=http://127.0.0.1:${port}` } },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tokens('cut', 'input')).toBe(1_234_567);
    expect(tokens('cut', 'output')).toBe(7_654_321);
    expect(receiver.total(DURATION, { [MODEL]: 'cut', 'gen_ai.response.model': 'cut-2026' })).toBe(1);
    expect(receiver.total(DURATION, { [MODEL]: 'other' })).toBe(40);
  });

  it('is not told to a listener that comes later, and all of what follows is', async () => {
    const { stdout } = await run(`
      import { observe } from 'gaugeway';
      await post('before');
      const told = [];
      const stop = observe({ observed: ({ kind, requestModel }) => kind === 'model_call' && told.push(requestModel) });
      await post('during');
      const atOnce = [...told];
      stop();
      await post('after');
      console.log(JSON.stringify([told, atOnce]));
    `);
    expect(JSON.parse(stdout)).toEqual([['during'], ['during']]);
  });

  it('belongs to the inbound request that it was made for, though that is answered by then', async () => {
    const { receiver } = await run(`
      import { createServer } from 'node:http';
      const server = createServer(async (request, response) => { response.end(await post('m')); }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.on('listening', resolve));
      for (let turn = 0; turn < 20; turn++) await (await fetch('http://127.0.0.1:' + server.address().port)).text();
      server.close();
    `);
    expect(receiver.total(DURATION)).toBe(20);
    expect(receiver.total(OVERHEAD)).toBe(20);
  });

  it('keeps its times: no span of a call that is given up at once ends before it began', async () => {
    const { code, stderr, receiver } = await run(`
      import OpenAI from 'openai';
      const answer = JSON.stringify({ choices: [] });
      const headers = { 'content-type': 'application/json' };
      const openai = new OpenAI({ apiKey: 'k', baseURL: base + '/v1', fetch: async () => new Response(answer, { headers }) });
      // Beyond a thousand, spans that may be taken up again end at once.
      for (let turn = 0; turn < 1500; turn++) await openai.chat.completions.create({ model: 'm', messages: [] });
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(receiver.spans.length).toBeGreaterThan(0);
    for (const { startTimeMs, endTimeMs } of receiver.spans) expect(endTimeMs).toBeGreaterThanOrEqual(startTimeMs);
  });

  it('is not lost where the application overflows its stack', async () => {
    const { code, receiver } = await run(`
      import { jobs } from 'gaugeway';
      await post('before');
      const deep = () => jobs.run('deep', deep);
      try { deep(); } catch {}
      await post('after');
    `);
    expect(code).toBe(0);
    for (const model of ['before', 'after']) expect(receiver.total(DURATION, { [MODEL]: model })).toBe(1);
  });

  it('stays bounded in a program that does not return to the event loop', async () => {
    const { code, stdout } = await run(
      `
      import { request } from 'node:http';
      const asked = request(base + '/v1/chat/completions', { method: 'POST' }).on('error', () => {});
      const piece = Buffer.alloc(16 * 1024, 'x');
      const before = process.memoryUsage().arrayBuffers;
      for (let turn = 0; turn < 4000; turn++) asked.write(piece);
      // What Node itself keeps to send is the one piece. Another thread frees what was collected.
      const pause = new Int32Array(new SharedArrayBuffer(4));
      let isBounded = false;
      for (let turn = 0; turn < 100 && !isBounded; turn++) {
        gc();
        Atomics.wait(pause, 0, 0, 50);
        isBounded = (process.memoryUsage().arrayBuffers - before) / 2 ** 20 < 16;
      }
      console.log(isBounded);
      process.exit();
    `,
      { flags: [...REGISTER, '--expose-gc'] },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'true\n' });
  });
});

describe('where others look, nothing waits', () => {
  it('a tracer provider of the application has each span when its call is over', async () => {
    const { stdout } = await run(
      `
      import { trace } from '@opentelemetry/api';
      import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
      const exporter = new InMemorySpanExporter();
      trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
      for (const model of ['a', 'b']) await post(model);
      console.log(JSON.stringify(exporter.getFinishedSpans().map(({ name }) => name)));`,
      { env: { OTEL_TRACES_EXPORTER: 'none' } },
    );
    expect(JSON.parse(stdout)).toEqual(['chat a', 'chat b']);
  });

  it('a span processor of the application is called where the work ended', async () => {
    const { stdout } = await run(
      `
      import { AsyncLocalStorage } from 'node:async_hooks';
      import { jobs } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      const tenants = new AsyncLocalStorage();
      const seen = [];
      const look = ({ name }) => seen.push(name + ' ' + tenants.getStore());
      const none = async () => {};
      setup({ spanProcessors: [{ onStart() {}, onEnd: look, forceFlush: none, shutdown: none }] });
      await Promise.all(['a', 'b', 'c'].map((tenant) => tenants.run(tenant, () => jobs.run(tenant, async () => tenant))));
      console.log(JSON.stringify(seen));`,
      { flags: [] },
    );
    expect(JSON.parse(stdout)).toEqual(['process a a', 'process b b', 'process c c']);
  });
});
