import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seriesName } from '../../monitoring/promql.ts';
import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import { type AppEnd, runApp } from '../helpers/run-app.ts';

const { httpServerRequestDuration: requests, dbOperationDuration: dbQueries, appOperationDuration } = catalogue;
let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeway-budget-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const server of servers.splice(0)) server.close();
});

/** The page of an application that has seen these durations, in seconds. */
function series(row: InstrumentSpec, labels: string, durations: readonly number[]): string {
  const buckets = [...(row.buckets ?? []), Number.POSITIVE_INFINITY].map((bound) => {
    const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
    const within = durations.filter((duration) => duration <= bound).length;
    return `${seriesName(row, 'bucket')}{${labels},le="${le}"} ${within}`;
  });
  return [...buckets, `${seriesName(row, 'count')}{${labels}} ${durations.length}`, ''].join('\n');
}

const all = (duration: number, count = 100) => Array.from({ length: count }, () => duration);
const route = (path: string, durations: readonly number[], status = 200) =>
  series(requests, `http_route="${path}",http_response_status_code="${status}"`, durations);
const fast = route('/a', all(0.04));

async function serve(page: string, status = 200): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(page));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

async function budget(pages: readonly string[], args: readonly string[] = [], config?: object): Promise<AppEnd> {
  const urls = await Promise.all(pages.map((page) => serve(page)));
  const file = join(folder, 'config.json');
  if (config) writeFileSync(file, JSON.stringify(config));
  return runApp({
    file: 'dist/src/cli/index.js',
    args: ['budget', ...urls.flatMap((url) => ['--metrics', url]), ...(config ? ['--config', file] : []), ...args],
  });
}

describe('gaugeway budget', () => {
  it('passes where everything is within its target', async () => {
    const query = series(dbQueries, 'db_system_name="postgresql",db_operation_name="SELECT"', all(0.004));
    const { code, stdout, stderr } = await budget([fast + query]);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^✓ requests to \/a P50: [\d.]+ ms, budget 75 ms$/),
      expect.stringMatching(/^✓ requests to \/a P95: [\d.]+ ms, budget 150 ms$/),
      expect.stringMatching(/^✓ requests to \/a P99: [\d.]+ ms, budget 300 ms$/),
      '✓ failed requests: 0 %, budget 0.1 %',
      expect.stringMatching(/^✓ queries postgresql SELECT P50: /),
      expect.stringMatching(/^✓ queries postgresql SELECT P95: [\d.]+ ms, budget 75 ms$/),
      expect.stringMatching(/^✓ queries postgresql SELECT P99: /),
      'Within budget.',
    ]);
    expect(code).toBe(0);
  });

  it('fails on one route whose P95 is beyond, whatever the others do', async () => {
    const slow = route('/slow', [...all(0.04, 940), ...all(0.19, 60)]);
    const { code, stdout } = await budget([fast + slow]);
    expect(stdout).toMatch(/✗ requests to \/slow P95: 158\.\d ms, budget 150 ms\n +→ 1\.06 times its budget\n/);
    expect(stdout).toContain('✓ requests to /a P95');
    expect(stdout).toContain('Not within budget: 1 to mend.');
    expect(code).toBe(1);
  });

  it('is exact at the limit: 94.9 % within it are too few, 95 % are enough', async () => {
    const within = (count: number) => route('/a', [...all(0.15, count), ...all(0.2, 1000 - count)]);
    const p95 = async (count: number) => (await budget([within(count)])).stdout.match(/(.) requests to \/a P95/)?.[1];
    expect(await p95(949)).toBe('✗');
    expect(await p95(950)).toBe('!');
  });

  it('judges by the level that was chosen', async () => {
    const page = route('/a', all(0.12, 1000));
    expect((await budget([page], ['--level', 'critical'])).code).toBe(0);
    const strict = await budget([page], ['--level', 'target']);
    expect(strict.code).toBe(1);
    expect(strict.stdout).toContain('budget 100 ms');
    expect((await budget([page])).stdout).toMatch(/! requests to \/a P95: .*\n +→ aim at 100 ms/);
  });

  it('counts answers with 5xx as failed, of all routes together', async () => {
    const { code, stdout } = await budget([fast + route('/b', all(0.01, 5), 500) + route('/c', all(0.01, 20), 404)]);
    expect(stdout).toContain('✗ failed requests: 4 %, budget 0.1 %\n    → 40 times its budget, and critical\n');
    expect(code).toBe(1);
  });

  it('holds named operations against budgets of their own, and adds up the pages of several processes', async () => {
    const page = series(appOperationDuration, 'gaugeway_operation_name="load documents"', all(0.4, 15));
    const config = { budgets: { 'load documents': 500 } };
    const together = await budget([page, page], [], config);
    expect(together.stdout).toContain('✓ operation load documents P95: 490 ms, budget 500 ms');
    expect(together.code).toBe(0);
    expect((await budget([page, page], [], { budgets: { 'load documents': 300 } })).code).toBe(1);
  });

  it('fails on a budget for what was not measured, and names what was', async () => {
    const page = series(appOperationDuration, 'gaugeway_operation_name="load"', all(0.1));
    const { code, stdout } = await budget([page], [], { budgets: { laod: 500 } });
    expect(stdout).toContain('✗ operation laod: has a budget and no measurement');
    expect(stdout).toContain('→ the operations that were measured: load');
    expect(code).toBe(1);
  });

  it('does not judge too few events, and does not pass when there is nothing else', async () => {
    const few = await budget([fast + route('/rare', all(9, 19))]);
    expect(few.stdout).toContain('! requests to /rare: 19 are too few to judge');
    expect(few.code).toBe(0);
    const alone = await budget([route('/rare', all(9, 19))]);
    expect(alone.stdout).toContain('✗ budgets: nothing was measured that has one');
    expect(alone.code).toBe(1);
    expect((await budget([route('/rare', all(9, 19))], ['--minimum', '19'])).stdout).toContain(
      '✗ requests to /rare P95',
    );
  });

  it('leaves out the routes that stream answers of models, if told to', async () => {
    const { code } = await budget([fast + route('/chat', all(9))], [], { excludedRoutes: ['/chat'] });
    expect(code).toBe(0);
  });

  it('takes targets from the configuration', async () => {
    const { stdout } = await budget([fast], [], { targets: { apiP95Ms: { target: 20, warning: 30, critical: 40 } } });
    expect(stdout).toContain('✗ requests to /a P95: 48.75 ms, budget 30 ms\n    → 1.63 times its budget, and critical');
  });

  it('refuses to add up series with different boundaries, and judges the others', async () => {
    const other = (row: InstrumentSpec) => ({
      ...row,
      buckets: [...(row.buckets ?? []), 0.0123].sort((a, b) => a - b),
    });
    const labels = 'http_route="/a",http_response_status_code="200"';
    const query = series(dbQueries, 'db_system_name="postgresql",db_operation_name="SELECT"', all(0.004));
    const operation = (row: InstrumentSpec) => series(row, 'gaugeway_operation_name="load"', all(0.004));
    const pages = [
      fast + query + operation(appOperationDuration),
      series(other(requests), labels, all(0.14)) + query + operation(other(appOperationDuration)),
    ];
    const { code, stdout } = await budget(pages, [], { budgets: { load: 100 } });
    expect(stdout).toMatch(/✗ requests to \/a: its series have different boundaries[^\n]*\n[^\n]*the same thresholds/);
    expect(stdout).toMatch(/✗ operation load: its series have different boundaries/);
    expect(stdout).not.toMatch(/requests to \/a P|operation load P/);
    expect(stdout).toMatch(/✓ queries postgresql SELECT P95/);
    expect(stdout).toMatch(/Not within budget: 2 to mend/);
    expect(code).toBe(1);
    for (const page of pages)
      expect((await budget([page], [], { budgets: { load: 100 } })).stdout).not.toContain('boundaries');
  });

  it('fails on a page that cannot be read', async () => {
    const { code, stdout } = await budget(['<html></html>']);
    expect(stdout).toMatch(/✗ metrics page: http:\S+: is none\n/);
    expect(code).toBe(1);
    const refused = await runApp({
      file: 'dist/src/cli/index.js',
      args: ['budget', '--metrics', await serve('no', 503)],
    });
    expect(refused.stdout).toContain('answers with status 503');
    expect(refused.code).toBe(1);
  });

  it('gives the user and the password of a page to that page alone', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(seen.length === 1 ? 200 : 401).end(fast);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const metrics = `http://ada:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const call = () => runApp({ file: 'dist/src/cli/index.js', args: ['budget', '--metrics', metrics] });
    expect((await call()).code).toBe(0);
    expect(seen).toEqual([`Basic ${Buffer.from('ada:p@ss').toString('base64')}`]);
    const { code, stdout, stderr } = await call();
    expect(stdout).toContain('answers with status 401');
    expect(stdout + stderr).not.toContain('p%40ss');
    expect(code).toBe(1);
  });

  it.each([
    [['--level', 'perfect'], '--level must be target, warning, critical'],
    [['--minimum', 'none'], '--minimum must be a number'],
    [['--minimum', 'Infinity'], '--minimum must be a number'],
    [['--metrics', 'localhost:9464'], '--metrics must be an http(s) URL'],
  ])('is called in a wrong way by %s', async (args, problem) => {
    const { code, stderr } = await runApp({ file: 'dist/src/cli/index.js', args: ['budget', ...args] });
    expect(stderr).toContain(problem);
    expect(code).toBe(2);
  });
});
