import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test, vi } from 'vitest';
import { createPrometheusReader, type PrometheusReaderOptions } from '../../src/export/prometheus.ts';

const HOST = '127.0.0.1';
const stops: (() => unknown)[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

function start(options: Partial<PrometheusReaderOptions> = {}) {
  const warnings: string[] = [];
  const endpoint = createPrometheusReader({ host: HOST, port: 0, warn: (line) => warnings.push(line), ...options });
  stops.push(() => endpoint.reader.shutdown());
  return { ...endpoint, warnings };
}

async function listening(endpoint: ReturnType<typeof start>): Promise<number> {
  const at = await endpoint.whenListening;
  if (!at) throw new Error(endpoint.warnings.join());
  return at.port;
}

/** Takes `count` ports in a row and gives the first. */
async function takePorts(count: number): Promise<number> {
  for (;;) {
    const holders: Server[] = [];
    const take = async (port: number) => {
      const holder = createServer().listen(port, HOST);
      await once(holder, 'listening');
      holders.push(holder);
      return (holder.address() as AddressInfo).port;
    };
    try {
      const first = await take(0);
      for (let i = 1; i < count; i++) await take(first + i);
      stops.push(() => Promise.all(holders.map((holder) => holder.close())));
      return first;
    } catch {
      for (const holder of holders) holder.close();
    }
  }
}

test('a scrape is answered in the text format, other paths and methods are refused', async () => {
  const endpoint = start();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  provider.getMeter('m').createCounter('hits').add(3);
  const base = `http://${HOST}:${await listening(endpoint)}`;

  const scrape = await fetch(`${base}/metrics?x=1`);
  expect(scrape.status).toBe(200);
  expect(scrape.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await scrape.text()).toContain('hits_total{otel_scope_name="m"} 3\n');
  expect((await fetch(`${base}/`)).status).toBe(404);
  expect((await fetch(`${base}/metrics/`)).status).toBe(404);
  expect((await fetch(`${base}//metrics`)).status).toBe(404);
  for (const method of ['POST', 'HEAD', 'DELETE']) {
    const refused = await fetch(`${base}/metrics`, { method });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  }
});

test('the path is free to choose, with or without its slash', async () => {
  const endpoint = start({ path: 'internal/prometheus' });
  new MeterProvider({ readers: [endpoint.reader], resource: resourceFromAttributes({ a: 1 }) });
  const base = `http://${HOST}:${await listening(endpoint)}`;
  expect(await (await fetch(`${base}/internal/prometheus`)).text()).toContain('target_info{a="1"} 1\n');
  expect((await fetch(`${base}/metrics`)).status).toBe(404);
});

test('attributes of the resource that come later are waited for', async () => {
  const endpoint = start();
  const later = new Promise<string>((resolve) => setTimeout(resolve, 50, 'h-1'));
  new MeterProvider({ readers: [endpoint.reader], resource: resourceFromAttributes({ 'host.id': later as never }) });
  const url = `http://${HOST}:${await listening(endpoint)}/metrics`;
  expect(await (await fetch(url)).text()).toContain('target_info{host_id="h-1"} 1\n');
});

test('a collection that fails answers 500, and the next is well', async () => {
  let isBroken = true;
  const collect = async () => {
    if (isBroken) throw new Error('broken');
    return { errors: [], resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [] } };
  };
  const endpoint = start({ metricProducers: [{ collect }] });
  new MeterProvider({ readers: [endpoint.reader] });
  const url = `http://${HOST}:${await listening(endpoint)}/metrics`;
  expect((await fetch(url)).status).toBe(500);
  isBroken = false;
  expect((await fetch(url)).status).toBe(200);
});

test('port 0 is a port of the system, not the default one', async () => {
  const ports = await Promise.all([listening(start()), listening(start())]);
  expect(new Set([...ports, 9464, 0]).size).toBe(4);
});

test('a taken port is stepped over with one line', async () => {
  const port = await takePorts(2);
  const endpoint = start({ port });
  new MeterProvider({ readers: [endpoint.reader] });
  const actual = await listening(endpoint);
  expect(actual).toBeGreaterThan(port + 1);
  expect(endpoint.warnings).toEqual([
    `Prometheus: port ${port} is taken, so the metrics are at http://${HOST}:${actual}/metrics.`,
  ]);
  expect((await fetch(`http://${HOST}:${actual}/metrics`)).status).toBe(200);
});

test('two readers for one port do not share it', async () => {
  const port = await listening(start());
  const second = start({ port });
  expect(await listening(second)).not.toBe(port);
  expect(second.warnings).toHaveLength(1);
});

test('with all ports taken there is one line and no endpoint', async () => {
  const port = await takePorts(3);
  const [three, one] = [start({ port, portAttempts: 3 }), start({ port, portAttempts: 1 })];
  const provider = new MeterProvider({ readers: [three.reader] });
  expect(await three.whenListening).toBeUndefined();
  expect(await one.whenListening).toBeUndefined();
  expect(three.warnings).toEqual([
    `Prometheus: ports ${port} to ${port + 2} are taken, so there is no metrics endpoint.`,
  ]);
  expect(one.warnings).toEqual([`Prometheus: port ${port} is taken, so there is no metrics endpoint.`]);
  provider.getMeter('m').createCounter('hits').add(1);
  await provider.shutdown();
});

test('many attempts print no warning of the runtime', async () => {
  const runtimeWarnings: Error[] = [];
  const listener = (warning: Error) => runtimeWarnings.push(warning);
  process.on('warning', listener);
  stops.push(() => process.off('warning', listener));
  const port = await takePorts(25);
  expect(await start({ port, portAttempts: 25 }).whenListening).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect(runtimeWarnings).toEqual([]);
});

test.each([
  [
    'an address that is not ours',
    { host: '192.0.2.1', port: 0 },
    /^Prometheus: cannot listen on 192\.0\.2\.1:0 \(E\w+\)/,
  ],
  ['a port that does not exist', { port: 70_000 }, /^Prometheus: cannot listen on 127\.0\.0\.1:70000 \(ERR_SOCKET_BAD/],
])('%s gives one line and no endpoint', async (_, options, line) => {
  const endpoint = start(options);
  expect(await endpoint.whenListening).toBeUndefined();
  expect(endpoint.warnings).toEqual([expect.stringMatching(line)]);
});

test('shutting down twice, or before listening, is harmless and frees the port', async () => {
  const early = start();
  await early.reader.shutdown();
  const endpoint = start();
  const port = await listening(endpoint);
  await Promise.all([endpoint.reader.shutdown(), endpoint.reader.shutdown()]);
  await endpoint.reader.shutdown();
  expect(await listening(start({ port }))).toBe(port);
});

test('shutting down does not wait for a client that keeps its connection', async () => {
  const endpoint = start();
  new MeterProvider({ readers: [endpoint.reader] });
  const agent = new Agent({ keepAlive: true });
  stops.push(() => agent.destroy());
  await scrapeWith(agent, await listening(endpoint));
  const before = performance.now();
  await endpoint.reader.shutdown();
  expect(performance.now() - before).toBeLessThan(1_000);
});

async function scrapeWith(agent: Agent, port: number): Promise<void> {
  const [response] = (await once(get({ agent, host: HOST, port, path: '/metrics' }), 'response')) as [IncomingMessage];
  await response.resume().toArray();
  expect(response.statusCode).toBe(200);
}

test('neither the endpoint nor an open connection keeps the process alive', async () => {
  const program = `
    import { MeterProvider } from '@opentelemetry/sdk-metrics';
    import { createPrometheusReader } from ${JSON.stringify(new URL('../../src/export/prometheus.ts', import.meta.url))};
    const { reader, whenListening } = createPrometheusReader({ host: '${HOST}', port: 0, warn: console.error });
    new MeterProvider({ readers: [reader] });
    process.stdin.once('data', () => process.stdin.destroy());
    console.log((await whenListening).port);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stops.push(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const agent = new Agent({ keepAlive: true });
  stops.push(() => agent.destroy());
  await scrapeWith(agent, Number(line));
  const before = performance.now();
  child.stdin.write('end');
  expect(await once(child, 'exit')).toEqual([0, null]);
  // The server of Node itself drops an idle connection after five seconds.
  expect(performance.now() - before).toBeLessThan(3_000);
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

test('a reader that nobody scrapes does not pile up the intervals of another', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const endpoint = start();
  const other = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA),
    exportIntervalMillis: 3_600_000,
  });
  const boundaries = Array.from({ length: 15 }, (_, i) => i + 1);
  const provider = new MeterProvider({
    readers: [other, endpoint.reader],
    views: [
      {
        instrumentName: 'h',
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries } },
      },
    ],
  });
  stops.push(() => other.shutdown());
  const histogram = provider.getMeter('m').createHistogram('h');
  const intervals = 300;
  const run = async (count: number) => {
    for (let interval = 0; interval < count; interval++) {
      for (let series = 0; series < 200; series++) histogram.record(series % 20, { series });
      await other.collect();
      await vi.advanceTimersByTimeAsync(60_000);
    }
  };
  await run(10);
  const before = heapMegabytes();
  await run(intervals - 10);
  // Undrained it is more than 40.
  expect(heapMegabytes() - before).toBeLessThan(5);

  vi.useRealTimers();
  const text = await (await fetch(`http://${HOST}:${await listening(endpoint)}/metrics`)).text();
  for (const series of [0, 7, 199]) {
    expect(text).toContain(`h_count{series="${series}",otel_scope_name="m"} ${intervals}\n`);
    expect(text).toContain(`h_sum{series="${series}",otel_scope_name="m"} ${intervals * (series % 20)}\n`);
  }
});

test('a reader that is scraped is not drained as well', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const endpoint = start();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  const observe = vi.fn();
  provider.getMeter('m').createObservableGauge('g').addCallback(observe);
  for (let scrape = 0; scrape < 4; scrape++) {
    await vi.advanceTimersByTimeAsync(45_000);
    await endpoint.reader.collect();
  }
  expect(observe).toHaveBeenCalledTimes(4);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(observe).toHaveBeenCalledTimes(6);
  await endpoint.reader.shutdown();
  expect(vi.getTimerCount()).toBe(0);
});

test('a scrape that takes long leaves the application its turns', async () => {
  const endpoint = start();
  const provider = new MeterProvider({ readers: [endpoint.reader] });
  const histogram = provider.getMeter('m').createHistogram('h');
  for (let series = 0; series < 500; series++) histogram.record(series, { series });
  const url = `http://${HOST}:${await listening(endpoint)}/metrics`;
  let turn = 0;
  const count = () => {
    turn++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const turnsOfWrites = new Set<number>();
  const write = ServerResponse.prototype.write;
  const writing = vi.spyOn(ServerResponse.prototype, 'write').mockImplementation(function (this: unknown, ...args) {
    turnsOfWrites.add(turn);
    return Reflect.apply(write, this, args);
  });
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now++);
  stops.push(() => {
    clearImmediate(counting);
    writing.mockRestore();
    clock.mockRestore();
  });
  const text = await (await fetch(url)).text();
  expect(turnsOfWrites.size).toBeGreaterThan(100);
  expect(text.match(/^h_count\{/gm)).toHaveLength(500);
  expect(text.endsWith('\n')).toBe(true);
});
