import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { getMetrics, trackDbQuery } from '../../src/http/index.ts';
import { PerformanceMonitor } from '../../src/monitor/index.ts';
import { publish } from '../../src/observe.ts';
import { thresholds, useThresholds } from '../../src/thresholds.ts';
import { runApp } from '../helpers/run-app.ts';

const page = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code as string);

/** The rows of the table whose first heading this is, as the words in code of each cell. */
function rows(heading: string): string[][][] {
  const lines = page
    .slice(page.indexOf(`\n| ${heading}`))
    .trimStart()
    .split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines
    .slice(2, end)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the examples of docs/http.md', () => {
  it.each(examples.map((code) => [/create\w+Middleware|create\w+Plugin|performanceMiddleware/.exec(code)?.[0], code]))(
    '%s answers, and measures what it answered',
    async (_, code) => {
      const port = await freePort();
      const source = `${(code as string).replaceAll('3000', String(port))}
        const ask = async (path) => (await fetch('http://localhost:${port}' + path)).text();
        while (!(await ask('/').then(() => true, () => false))) await new Promise((resolve) => setTimeout(resolve, 10));
        const answers = [await ask('/users/42'), await ask('/stats'), await ask('/metrics')];
        console.log(JSON.stringify(answers));
        process.exit();`;
      // On a busy machine the first request is slow, and says so on stderr.
      const end = await runApp({ source, env: { PERF_API_LATENCY_MS: '60000' } });
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const [user, stats, metrics] = JSON.parse(end.stdout.trim().split('\n').at(-1) ?? '[]') as string[];
      expect(user).toBe('{"id":"42"}');
      if (code?.includes("'/stats'")) expect(stats).toMatch(/GET \/users\/:id|"totalRequests":[23]/);
      if (code?.includes("'/metrics'")) expect(metrics).toContain('http_route="/users/:id"');
    },
  );
});

describe('the tables of docs/http.md', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    useThresholds(undefined);
  });

  it('name what each text of metrics has, in its order', async () => {
    const names = rows('`specification`');
    for (let i = 0; i < 20; i++) {
      await getMetrics();
      publish({
        kind: 'http_request',
        method: 'GET',
        scheme: 'http',
        statusCode: 200,
        startTime: Date.now(),
        durationMs: 1,
        outcome: 'success',
        recordedElsewhere: false,
      });
    }
    trackDbQuery('findUnique', 'User', 1, 'success');
    const told = async (options?: Parameters<typeof getMetrics>[0]) =>
      [...(await getMetrics(options)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(names.map(([name]) => name?.[0])).toEqual(await told({ names: 'specification' }));
    const standard = names.flatMap(([, name]) => name ?? []).filter((name) => !name.endsWith('_count'));
    expect(standard.toSorted()).toEqual((await told()).toSorted());
  });

  it('give each threshold its variable and its default', () => {
    const defaults = rows('Variable').map(([variable]) => variable?.[0]);
    const shown = page.match(/^\| `[A-Z_]+` +\| [\d.]+/gm)?.map((line) => Number(line.split('|')[2]));
    const { apiLatencyMs, dbQueryMs, httpErrorRate } = thresholds();
    const { options } = new PerformanceMonitor().core;
    expect(Object.fromEntries(defaults.map((name, at) => [name, shown?.[at]]))).toEqual({
      PERF_API_LATENCY_MS: apiLatencyMs,
      PERF_DB_QUERY_MS: dbQueryMs,
      PERF_ERROR_RATE: httpErrorRate,
      SLOW_REQUEST_THRESHOLD_MS: options.slowOperationThreshold,
      ERROR_RATE_THRESHOLD: options.errorRateThreshold,
      SAMPLING_WINDOW_SECONDS: options.samplingWindowSeconds,
    });
  });

  it.each(['', 'GAUGEWAY_'])('name variables that are read: those that begin with "%s"', (prefix) => {
    const own = prefix === '' ? (name: string) => name : (name: string) => `${prefix}${name}`;
    const perf = (name: string) =>
      prefix === '' ? `PERF_${name}` : `${prefix}${name === 'ERROR_RATE' ? 'HTTP_ERROR_RATE' : name}`;
    for (const name of ['API_LATENCY_MS', 'DB_QUERY_MS', 'ERROR_RATE']) vi.stubEnv(perf(name), '0.5');
    for (const name of ['SLOW_REQUEST_THRESHOLD_MS', 'ERROR_RATE_THRESHOLD', 'SAMPLING_WINDOW_SECONDS']) {
      vi.stubEnv(own(name), '0.5');
    }
    useThresholds(undefined);
    expect(thresholds()).toEqual({ apiLatencyMs: 0.5, dbQueryMs: 0.5, httpErrorRate: 0.5 });
    const { slowOperationThreshold, errorRateThreshold, samplingWindowSeconds } = new PerformanceMonitor().core.options;
    expect([slowOperationThreshold, errorRateThreshold, samplingWindowSeconds]).toEqual([0.5, 0.5, 0.5]);
  });
});
