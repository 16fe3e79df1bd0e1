import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startReceiver } from '../helpers/receiver.ts';
import { type AppEnd, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

const receiver = await startReceiver();
const stops: (() => void)[] = [];
afterEach(() => {
  receiver.reset();
  receiver.respondWith(200);
  for (const stop of stops.splice(0)) stop();
});
afterAll(() => receiver.close());

const RECORD = `
  import { operations } from 'gaugeway';
  await operations.run('work', async () => undefined);
`;
const EXIT_TIMEOUT_MS = 1500;

const run = (source: string, env: Record<string, string> = {}): Promise<AppEnd> =>
  runApp({ flags: REGISTER, source, env: { GAUGEWAY_EXIT_TIMEOUT_MS: String(EXIT_TIMEOUT_MS), ...env } });

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers every export as told, and counts. */
async function faulty(answer: RequestListener): Promise<{ url: string; count: () => number }> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    request.resume();
    answer(request, response);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, count: () => count };
}

interface Export {
  path: string;
  type: string;
  encoding: string;
  headers: Record<string, unknown>;
  text: string;
}

/** Keeps the requests of one run as they come. */
async function exportsOf(env: (url: string) => Record<string, string>): Promise<{ seen: Export[]; end: AppEnd }> {
  const seen: Export[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const raw = Buffer.concat(pieces);
    const encoding = request.headers['content-encoding'] ?? 'none';
    seen.push({
      path: request.url ?? '',
      type: request.headers['content-type'] ?? '',
      encoding,
      headers: request.headers,
      text: String(encoding === 'gzip' ? gunzipSync(raw) : raw),
    });
    response.end();
  });
  const end = await run(RECORD, env(`http://127.0.0.1:${await listen(server)}`));
  return { seen: seen.sort((a, b) => (a.path < b.path ? -1 : 1)), end };
}

describe('what is sent', () => {
  it('is protobuf in gzip to both paths below the endpoint unless said otherwise', async () => {
    const { seen, end } = await exportsOf((url) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/` }));
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(seen.map(({ path, type, encoding }) => ({ path, type, encoding }))).toEqual([
      { path: '/base/v1/metrics', type: 'application/x-protobuf', encoding: 'gzip' },
      { path: '/base/v1/traces', type: 'application/x-protobuf', encoding: 'gzip' },
    ]);
    expect(seen[0]?.text).toContain('gaugeway.operation.duration');
  });

  it('follows the protocol, compression, endpoint and headers of each signal', async () => {
    const { seen, end } = await exportsOf((url) => ({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/shared`,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/own`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b,x-all=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=traces',
    }));
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const told = seen.map(({ path, type, encoding, headers }) => [
      path,
      type,
      encoding,
      headers['x-key'],
      headers['x-all'],
    ]);
    expect(told).toEqual([
      ['/own', 'application/json', 'none', 'a b', '1'],
      ['/shared/v1/traces', 'application/x-protobuf', 'gzip', 'traces', '1'],
    ]);
  });

  it('is complained about in one line for each wrong variable, and secrets stay out of it', async () => {
    const { seen, end } = await exportsOf((url) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'localhost:4318',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key-of-mine',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem',
      OTEL_LOG_LEVEL: 'debug',
    }));
    const lines = end.stderr.split('\n').filter((line) => line.includes(' is ignored: '));
    expect(lines.map((line) => line.replace(url(), 'URL')).sort()).toEqual([
      'gaugeway: OTEL_EXPORTER_OTLP_CERTIFICATE="/nowhere.pem" is ignored: it must be the path of a readable file; none is in force',
      'gaugeway: OTEL_EXPORTER_OTLP_COMPRESSION="zstd" is ignored: it must be one of gzip, none; gzip is in force',
      'gaugeway: OTEL_EXPORTER_OTLP_HEADERS="***" is ignored: it must be a list of name=value, percent-encoded; none of it is in force',
      'gaugeway: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="localhost:4318" is ignored: it must be an http(s) URL; URL/v1/metrics is in force',
      'gaugeway: OTEL_EXPORTER_OTLP_TIMEOUT="soon" is ignored: it must be a whole number of milliseconds from 1 to 2147483647; 10000 is in force',
    ]);
    expect(end).toMatchObject({ code: 0, stdout: '' });
    expect(end.stderr).not.toContain('api-key-of-mine');
    expect(seen.map(({ path }) => path)).toEqual(['/v1/metrics', '/v1/traces']);
    function url(): string {
      return `http://${seen[0]?.headers.host}`;
    }
  });
});

describe('a far side that fails', () => {
  const secure = (): Server =>
    createSecureServer({
      key: readFileSync(`${ROOT}test/fixtures/tls/key.pem`),
      cert: readFileSync(`${ROOT}test/fixtures/tls/cert.pem`),
    });
  const faults: [string, () => Promise<string>][] = [
    ['refuses', async () => 'http://127.0.0.1:9'],
    ['has no address', async () => 'http://nowhere.invalid:4318'],
    ['takes connections and never answers', async () => `http://127.0.0.1:${await listen(createTcpServer())}`],
    ['answers without end', async () => (await faulty((_, response) => endless(response))).url],
    ['resets', async () => (await faulty((request) => request.socket.resetAndDestroy())).url],
    ['says 429 with a long Retry-After', async () => (await faulty(status(429, { 'retry-after': '60' }))).url],
    ['says 503 with a short Retry-After', async () => (await faulty(status(503, { 'retry-after': '1' }))).url],
    ['says 400', async () => (await faulty(status(400))).url],
    ['redirects', async () => (await faulty(status(302, { location: 'http://127.0.0.1:9/' }))).url],
    ['has a certificate nobody knows', async () => `https://127.0.0.1:${await listen(secure())}`],
    ['speaks no TLS', async () => `https://127.0.0.1:${await listen(createTcpServer((s) => void s.end('no\r\n')))}`],
  ];

  it.each(faults)(
    '%s: the program is as ever and ends within its deadline, told once for each signal',
    async (_, at) => {
      const end = await run(
        `${RECORD}
      process.on('unhandledRejection', () => console.log('unhandled'));
      process.exitCode = 3;
      console.log('mine');`,
        { OTEL_EXPORTER_OTLP_ENDPOINT: await at(), OTEL_EXPORTER_OTLP_TIMEOUT: '60000' },
      );
      expect(end).toMatchObject({ code: 3, signal: null, stdout: 'mine\n' });
      expect(end.durationMs).toBeLessThan(EXIT_TIMEOUT_MS * 3);
      const complaints = end.stderr.trim().split('\n').sort();
      expect(complaints).toEqual([
        expect.stringMatching(/^gaugeway: metrics cannot be sent to https?:\/\/\S+: ./),
        expect.stringMatching(/^gaugeway: spans cannot be sent to https?:\/\/\S+: ./),
      ]);
    },
  );

  it('garbage in a successful answer is no failure', async () => {
    const { url } = await faulty((_, response) => void response.end('<html>\0\xff'.repeat(50)));
    const end = await run(RECORD, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect(end).toMatchObject({ code: 0, stdout: '' });
    expect(end.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('totals are right as soon as it is back, and the complaint is said once however often it failed', async () => {
    receiver.respondWith(500);
    let hasRecovered = false;
    const waiting = setInterval(() => {
      if (receiver.requests.filter(({ path }) => path === '/v1/metrics').length < 4) return;
      if (!hasRecovered) receiver.respondWith(200);
      hasRecovered = true;
    }, 20);
    const end = await run(
      `import { operations } from 'gaugeway';
      for (let i = 0; i < 40; i++) {
        await operations.run('work', () => new Promise((resolve) => setTimeout(resolve, 150)));
      }`,
      { ...receiver.env, OTEL_METRIC_EXPORT_INTERVAL: '400', OTEL_TRACES_EXPORTER: 'none' },
    );
    clearInterval(waiting);
    expect(hasRecovered).toBe(true);
    expect(end).toMatchObject({ code: 0, stdout: '' });
    expect(end.stderr).toMatch(/^gaugeway: metrics cannot be sent to \S+: status 500 [^\n]*\n$/);
    expect(receiver.total('gaugeway.operation.duration')).toBe(40);
  });
});

function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => void response.writeHead(code, headers).end('no');
}

function endless(response: Parameters<RequestListener>[1]): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('x'), 50);
  response.on('close', () => clearInterval(timer));
}
