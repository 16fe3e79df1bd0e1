import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';

let worker: Miniflare;
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('./apps/worker.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker'],
  });
  // No compatibility flag: there is nothing of Node in this runtime.
  worker = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? '',
    compatibilityDate: '2026-01-01',
    host: '127.0.0.1',
  });
  await worker.ready;
});
afterAll(() => worker.dispose());

async function ask(path: string, init?: { method?: string; headers?: Record<string, string> }) {
  const response = await worker.dispatchFetch(`http://edge.example${path}`, init);
  return { status: response.status, body: await response.text() };
}

it('on workerd each request is recorded once, with its template, its status and its outcome', async () => {
  expect(JSON.parse((await ask('/globals')).body)).toEqual({ process: 'undefined', buffer: 'undefined' });
  expect(await ask('/users/42?key=secret')).toEqual({ status: 200, body: '{"id":"42"}' });
  expect((await ask('/tenants/acme/items/7')).body).toBe('item');
  expect(await ask('/fail')).toEqual({ status: 500, body: 'failed' });
  expect((await ask('/nope/4711')).status).toBe(404);
  expect((await ask('/stream')).body).toBe('data: one\n\ndata: two\n\n');
  expect((await ask('/users/1', { method: 'HEAD' })).body).toBe('');
  const seen = JSON.parse((await ask('/seen')).body) as Record<string, unknown>[];
  expect(seen.map(({ method, route, statusCode, outcome }) => [method, route, statusCode, outcome])).toEqual([
    ['GET', '/globals', 200, 'success'],
    ['GET', '/users/:id', 200, 'success'],
    ['GET', '/tenants/:tenant/items/:item', 200, 'success'],
    ['GET', '/fail', 500, 'error'],
    ['GET', undefined, 404, 'success'],
    ['GET', '/stream', 200, 'success'],
    ['HEAD', '/users/:id', 200, 'success'],
  ]);
  expect(JSON.stringify(seen)).not.toMatch(/secret|4711|acme/);
});

it('on workerd the handlers tell what was recorded there', async () => {
  expect((await ask('/stats')).status).toBe(401);
  const stats = await ask('/stats', { headers: { authorization: 'Bearer a-long-token' } });
  expect(JSON.parse(stats.body)).toMatchObject({
    'GET /users/:id': { count: 1, errorCount: 0 },
    'HEAD /users/:id': { count: 1 },
    'GET /fail': { count: 1, errorCount: 1 },
  });
  const metrics = await ask('/metrics');
  expect(metrics.body).toContain(
    'http_server_request_duration_seconds_count{http_request_method="GET",url_scheme="http",http_response_status_code="200",http_route="/users/:id"} 1',
  );
});
