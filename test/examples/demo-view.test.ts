import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { differences } from '../../examples/demo/ledger.ts';
import { isCollector } from '../../examples/demo/loopback.ts';
import type { JobNumbers, ModelNumbers } from '../../examples/demo/numbers.ts';
import { parseSamples, quantile } from '../../examples/demo/scrape.ts';
import { amount, duration } from '../../examples/demo/table.ts';
import { renderNumbers, renderTitle } from '../../examples/demo/view.ts';

describe('the picture', () => {
  const model: ModelNumbers = {
    model: 'text-embedding-3-small',
    calls: 123_456,
    p50: 0.34,
    p90: 1.2,
    p99: 75,
    firstChunkP50: 0.2,
    tokensPerSecond: 1234,
    inputTokens: 12_345_678,
    outputTokens: 123_456,
    errors: { rate_limit_exceeded: 12, server_error: 3, UND_ERR_SOCKET: 1, incomplete_stream: 1, timeout: 999 },
    active: 3,
  };
  const job: JobNumbers = {
    job: 'summarize-ticket',
    runs: 12_345,
    waitP50: 0.005,
    p50: 1.2,
    p90: 90,
    failures: 12,
    retries: 12,
    active: 4,
  };
  const scene = {
    models: [model],
    jobs: [job],
    seconds: 3600,
    metricsUrls: { gateway: 'http://127.0.0.1:50000/metrics', orchestrator: 'http://127.0.0.1:50001/metrics' },
    exportsTo: 'http://localhost:4318',
  };
  const draw = (width: number, color = false) => [
    ...renderTitle(scene, { width, color }),
    ...renderNumbers(scene, { width, color }),
  ];

  it.each([100, 80, 40])('fits a terminal of %d columns', (width) => {
    for (const line of draw(width)) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('keeps calls, tokens and errors where columns have to go', () => {
    const header = draw(80).find((line) => line.startsWith('model'));
    expect(header?.split(/ +/)).toEqual(['model', 'calls', 'P50', 'P99', 'TTFC', 'tok/s', 'input', 'output', 'errors']);
  });

  it('has colours only where they are wanted', () => {
    expect(draw(100).join('\n')).not.toContain('\u001b');
    expect(draw(100, true).join('\n')).toContain('\u001b[2mmodel');
  });

  it('says that quantiles are interpolated, and that a Collector gets a copy', () => {
    const text = draw(100).join(' ');
    expect(text).toContain('interpolated');
    expect(text).toContain('A Collector answers: metrics and traces also go to http://localhost:4318.');
  });

  it('writes numbers for people', () => {
    expect([0.0004, 0.34, 0.9996, 1.24, 99.9, 240].map(duration)).toEqual([
      '0 ms',
      '340 ms',
      '1.0 s',
      '1.2 s',
      '99.9 s',
      '4.0 min',
    ]);
    expect([0, 9999, 12_345, 1_234_567].map(amount)).toEqual(['0', '9999', '12.3k', '1.2M']);
    expect([duration(undefined), amount(undefined)]).toEqual(['–', '–']);
  });
});

describe('what the demo reads', () => {
  it('takes samples with escaped labels, infinities and timestamps', () => {
    const text = '# HELP a b\na{x="1,\\"2\\"}",le="+Inf"} 3\nb +Inf 1700000000000\nnot a sample {\n';
    expect(parseSamples(text)).toEqual([
      { name: 'a', labels: { x: '1,"2"}', le: '+Inf' }, value: 3 },
      { name: 'b', labels: {}, value: Number.POSITIVE_INFINITY },
    ]);
  });

  it('finds quantiles as histogram_quantile does', () => {
    const series = (counts: Record<string, number>) =>
      Object.entries(counts).map(([le, value]) => ({ name: 'h_bucket', labels: { le }, value }));
    const counts = { '1': 10, '2': 30, '4': 40, '+Inf': 40 };
    expect(quantile(0.5, series(counts))).toBe(1.5);
    expect(quantile(0.1, series(counts))).toBe(0.4);
    expect(quantile(0.99, series({ '1': 0, '+Inf': 5 }))).toBe(1);
    expect(quantile(0.5, [...series(counts), ...series(counts)])).toBe(1.5);
    expect(quantile(0.5, series({ '1': 0, '+Inf': 0 }))).toBeUndefined();
  });

  it('names every number that differs from the provider', () => {
    const account = { calls: 3, errors: 1, inputTokens: 10, outputTokens: 5 };
    expect(differences({ a: account }, { a: account })).toEqual([]);
    expect(differences({ a: account }, { a: { ...account, outputTokens: 6 } })).toEqual([
      'a: 6 outputTokens measured, 5 served',
    ]);
    expect(differences({ a: account }, {})).toHaveLength(4);
    expect(differences({}, { a: account })).toHaveLength(4);
  });

  it('takes for a Collector only what accepts an export', async () => {
    const answers: [number, boolean][] = [
      [200, true],
      [404, false],
      [500, false],
    ];
    for (const [status, expected] of answers) {
      const server = createServer((_request, response) => response.writeHead(status).end('{}')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await isCollector(url)).toBe(expected);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      expect(await isCollector(url)).toBe(false);
    }
  });
});
