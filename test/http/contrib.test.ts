import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/catalogue/index.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const DURATION = 'http.server.request.duration';
const QUERY = 'db.client.operation.duration';
const THEIRS = '@opentelemetry/instrumentation-http';

/** An Express application with instrumentation-http and two middlewares of ours that answers four requests. */
const served = (start: string): string => `
  ${start}
  const { default: express } = await import('express');
  const http = await import('node:http');
  const { createExpressMiddleware } = await import('gaugeway/http');
  const { PerformanceMonitor } = await import('gaugeway/monitor');
  const monitor = new PerformanceMonitor();
  const app = express();
  app.set('env', 'test');
  app.use(createExpressMiddleware(monitor), createExpressMiddleware(monitor));
  const router = express.Router();
  router.get('/users/:id', (request, response) => response.send('ok'));
  router.get('/fail', () => { throw new Error('no'); });
  app.use('/tenants/:tenant', router);
  const server = http.createServer(app).listen(0, '127.0.0.1', async () => {
    const url = 'http://127.0.0.1:' + server.address().port;
    for (const path of ['/tenants/a/users/1', '/tenants/b/users/2', '/tenants/c/fail', '/nope/1']) {
      const response = await fetch(url + path);
      await response.text();
    }
    server.closeAllConnections();
    server.close(() => {
      console.log(JSON.stringify([...monitor.getStats()].map(([name, { count, errorCount }]) => [name, count, errorCount])));
    });
  });
`;
const OPTION = `
  const { setup } = await import('gaugeway/setup');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  setup({ instrumentations: [new HttpInstrumentation()] });`;
const LATER = `
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });`;

describe.each([
  ['given to setup()', OPTION, []],
  ['added by the application after gaugeway/register', LATER, REGISTER],
] as const)('instrumentation-http %s', (_, start, flags) => {
  it.each(NODES)('owns span and metric on Node %s, with our routes and boundaries', async (node) => {
    const end = await runApp({
      node,
      source: served(start),
      flags: [...flags],
      env: { ...receiver.env, PERF_API_LATENCY_MS: '10000' },
    });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const points = receiver.points(DURATION);
    expect(points.map(({ scope }) => scope)).toEqual([THEIRS, THEIRS, THEIRS]);
    expect(
      points.map(({ attributes, count }) => [attributes['http.route'], attributes['http.response.status_code'], count]),
    ).toEqual([
      ['/tenants/:tenant/users/:id', 200, 2],
      ['/tenants/:tenant/fail', 500, 1],
      [undefined, 404, 1],
    ]);
    for (const { bounds } of points) expect(bounds).toEqual(catalogue.httpServerRequestDuration.buckets);
    const servers = receiver.spans.filter(({ kind }) => kind === 2);
    expect(servers.map(({ name, scope }) => [name, scope])).toEqual([
      ['GET /tenants/:tenant/users/:id', THEIRS],
      ['GET /tenants/:tenant/users/:id', THEIRS],
      ['GET /tenants/:tenant/fail', THEIRS],
      ['GET', THEIRS],
    ]);
    // The monitor is told by the middleware, once.
    expect(JSON.parse(end.stdout)).toEqual([
      ['GET /tenants/:tenant/users/:id', 2, 0],
      ['GET /tenants/:tenant/fail', 1, 1],
      ['GET', 1, 0],
    ]);
    expect(receiver.total('gaugeway.http.slow_requests')).toBe(0);
    expect(receiver.points('gaugeway.http.slow_requests')).toHaveLength(3);
  });
});

it('without it the middleware owns both', async () => {
  const end = await runApp({
    source: served(''),
    flags: [...REGISTER],
    env: { ...receiver.env, PERF_API_LATENCY_MS: '10000' },
  });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.points(DURATION).map(({ scope, count }) => [scope, count])).toEqual([
    ['gaugeway', 2],
    ['gaugeway', 1],
    ['gaugeway', 1],
  ]);
  expect(receiver.spans.filter(({ kind }) => kind === 2).map(({ scope }) => scope)).toEqual(Array(4).fill('gaugeway'));
});

describe('instrumentation-pg', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  const queries = (start: string): string => `
    ${start}
    const { PerformanceMonitor } = await import('gaugeway/monitor');
    const monitor = new PerformanceMonitor();
    const { default: pg } = await import('pg');
    const client = new pg.Client(${JSON.stringify(postgres.url)});
    await client.connect();
    await client.query('SELECT 1');
    await client.query('SELECT pg_sleep(0.7)');
    // Of a rejected promise the instrumentation tells no error.type.
    await new Promise((resolve) => client.query('SELECT no_such_column', resolve));
    await client.end();
    console.log(JSON.stringify([...monitor.getStats()].map(([name, { count, errorCount }]) => [name, count, errorCount])));
  `;

  it.each([
    [
      'given to setup()',
      `const { setup } = await import('gaugeway/setup');
       const { PgInstrumentation } = await import('@opentelemetry/instrumentation-pg');
       setup({ instrumentations: [new PgInstrumentation()] });`,
      [],
    ],
    [
      'added after gaugeway/register',
      `const { PgInstrumentation } = await import('@opentelemetry/instrumentation-pg');
       const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
       registerInstrumentations({ instrumentations: [new PgInstrumentation()] });`,
      REGISTER,
    ],
  ] as const)(
    '%s: its queries have our boundaries, are judged, and are in the monitor, each once',
    async (_, start, flags) => {
      const env = { ...receiver.env, OTEL_TRACES_SAMPLER: 'always_off', PERF_DB_QUERY_MS: '500' };
      const end = await runApp({ source: queries(start), flags: [...flags], env });
      expect(end.code).toBe(0);
      expect(end.stderr).toMatch(
        /^gaugeway: Slow query: db SELECT \{ system: 'postgresql'[^\n]*thresholdMs: 500 \}\n$/,
      );
      const points = receiver.points(QUERY);
      expect(new Set(points.map(({ scope }) => scope))).toEqual(new Set(['@opentelemetry/instrumentation-pg']));
      expect(receiver.total(QUERY)).toBe(3);
      for (const { bounds, attributes } of points) {
        expect(bounds).toEqual(catalogue.dbOperationDuration.buckets);
        expect(attributes).toMatchObject({ 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' });
        expect(attributes).toHaveProperty(['server.port']);
      }
      expect(receiver.total(QUERY, { 'error.type': '42703' })).toBe(1);
      expect(receiver.total('gaugeway.db.slow_queries')).toBe(1);
      expect(JSON.parse(end.stdout)).toEqual([['db SELECT', 3, 1]]);
    },
  );
});
