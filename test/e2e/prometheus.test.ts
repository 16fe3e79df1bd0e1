import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, startApplication } from './application.ts';
import { bySeries, type Sample, scrape } from './exposition.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  type Prometheus,
  startCollector,
  startPrometheus,
  waitFor,
} from './servers/index.ts';

interface Point {
  kind: 'counter' | 'up-down' | 'gauge' | 'histogram';
  name: string;
  unit?: string;
  value?: number;
  attributes?: Record<string, unknown>;
}

const KINDS = ['counter', 'up-down', 'gauge', 'histogram'] as const;
const NAMES = [
  ...['a.b', 'a..b', 'a__b', 'a-b', 'a/b', 'edge.', 'edge_', 'A.b', 'total', 'a.total', 'total.a', 'a.total.b'],
  ...[
    'seconds',
    'a.seconds',
    'seconds.a',
    'ratio',
    'ratio.a',
    'a.ratio',
    'bytes.seconds',
    'milliseconds.total',
    'per.s',
  ],
];
const UNITS = [
  ...['s', 'ms', '1', '%', 'By', 'By/s', '{x}', '{x}/s', 'KiBy', 'MiBy', 'kBy', 'USD', 'Cel', 'bit', '10', 'total'],
  ...['m/s/s', 's/', '/s', 's/%', ' s / h ', 's/mo', '°F', '__x__y', 'a_', '_a', 'x/y_', 'constructor', '{a}/{b}'],
  ...['By/{n}', 'By{c}', 'ratio', '1/s'],
];
const KEYS = [
  ...['a.b', 'a..b', 'a__b', 'a-b', 'aüb', 'aüüb', 'a😀b', 'a:b', 'x_', 'x__', '9a', '0', 'A.b'],
  ...['key_x', 'gen_ai.request.model', 'level', 'job.name'],
];
/** The Collector keeps one underscore in front; Prometheus's own receiver writes `key_` before it. */
const KEYS_WITH_UNDERSCORE = ['_x', '_9', '.a', ' sp '];
/** Names, units and attribute keys that every path understands, each on an instrument of its own. */
const UNDERSTOOD: Point[] = [
  // Letters before it keep the instruments apart, and are part of no rule.
  ...NAMES.flatMap((name, index) =>
    ['', 's', '1', 'By'].flatMap((unit) =>
      KINDS.map((kind) => ({ kind, unit, name: `n${index}.${kind.replace('-', '')}${unit}.${name}`, value: 3 })),
    ),
  ),
  ...UNITS.flatMap((unit, index) =>
    KINDS.map((kind) => ({ kind, unit, name: `u${index}.${kind.slice(0, 2)}`, value: 2 })),
  ),
  ...KEYS.map((key, index) => ({
    kind: 'gauge' as const,
    name: `k${index}`,
    value: index,
    attributes: { [key]: 'v' },
  })),
  ...KEYS_WITH_UNDERSCORE.map((key, index) => ({
    kind: 'gauge' as const,
    name: `underscore${index}`,
    value: index,
    attributes: { [key]: 'v' },
  })),
  { kind: 'counter', name: 'total', unit: '1', value: 1 },
  {
    kind: 'gauge',
    name: 'values',
    value: 1e21,
    attributes: {
      text: 'a"b\\c\nd\te',
      list: ['p', 'q"'],
      numbers: [1, 2.5],
      half: 1.5,
      whole: 8080,
      no: false,
      empty: '',
    },
  },
];

const HOSTILE_VALUE = 'a"b\\c\\nd\n}e{f="g",h 1 2\r\u0000😀';
/** What a Collector's exporter or Prometheus's receiver refuses; the endpoint shows all of it. */
const HOSTILE: Point[] = [
  { kind: 'gauge', name: 'hostile.value', value: 1, attributes: { text: HOSTILE_VALUE } },
  { kind: 'gauge', name: 'hostile.colliding', value: 2, attributes: { 'a.b': 'x', a_b: 'y', 'a-b': 'z' } },
  {
    kind: 'histogram',
    name: 'hostile.reserved',
    value: 3,
    attributes: { le: 'l', job: 'j', instance: 'i', 'otel.scope.name': 's', __name__: 'n', quantile: 'q' },
  },
  { kind: 'gauge', name: 'hostile.nothing.valid', value: 4, attributes: { 名: 'v', '': 'w' } },
  { kind: 'counter', name: 'hostile.long', value: 5, attributes: { text: 'x'.repeat(100_000) } },
  { kind: 'gauge', name: 'hostile.taken', value: 6 },
  { kind: 'counter', name: 'hostile_taken', value: 7 },
];

const IDENTITY = ['service_name', 'service_instance_id'];
const samplesOf = async (prometheus: Prometheus, query: string): Promise<Sample[]> =>
  (await prometheus.query(query)).map(({ metric, value }) => ({ name: `${metric.__name__}`, labels: metric, value }));
const isOwn = ({ name }: Sample) => !/^(up|scrape_.*)$/.test(name);
/** The only series whose value moves while nothing happens. */
const still = (series: Record<string, number>) =>
  Object.fromEntries(Object.entries(series).filter(([key]) => !key.startsWith('gaugeway_job_run_oldest_age_seconds')));

describe('a Prometheus that scrapes the metrics endpoints', () => {
  let providers: Providers;
  let receiver: Prometheus;
  let scraper: Prometheus;
  let collector: Collector;
  const applications: Record<string, Application> = {};

  async function start(service: string, file: string, env: Record<string, string> = {}): Promise<Application> {
    const application = await startApplication({
      file: `test/e2e/apps/${file}`,
      env: { ...providers.env, OTEL_SERVICE_NAME: service, OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl, ...env },
    });
    applications[service] = application;
    return application;
  }

  beforeAll(async () => {
    [providers, receiver] = await Promise.all([startProviders(), startPrometheus()]);
    collector = await startCollector(COLLECTOR_CONFIG, { PROMETHEUS_OTLP_ENDPOINT: receiver.otlpUrl });
    const [platform, plain, hostile] = await Promise.all([
      start('platform', 'platform.mjs'),
      start('plain', 'instruments.mjs'),
      start('hostile', 'instruments.mjs', { OTEL_METRICS_EXPORTER: 'prometheus' }),
    ]);
    await Promise.all([platform.ask('run'), plain.ask('record', UNDERSTOOD), hostile.ask('record', HOSTILE)]);
    scraper = await startPrometheus({
      scrapeConfigs: Object.entries(applications).map(([service, { metricsUrl }]) => ({
        job_name: service,
        scrape_interval: '500ms',
        static_configs: [{ targets: [new URL(metricsUrl).host] }],
      })),
    });
  });

  afterAll(async () => {
    await Promise.all(Object.values(applications).map((application) => application.stop()));
    await collector?.stop();
    await Promise.all([receiver?.stop(), scraper?.stop(), providers?.close()]);
  });

  /** Everything of a service in a Prometheus, once it has it. */
  const stored = (prometheus: Prometheus, service: string) =>
    waitFor(`${service} in Prometheus`, async () => {
      const samples = (await samplesOf(prometheus, `{job="${service}"}`)).filter(isOwn);
      return samples.length > 0 ? samples : undefined;
    });

  test('finds every target up, without an error or a rejected sample', async () => {
    for (const service of Object.keys(applications)) await stored(scraper, service);
    const targets = await scraper.targets();
    expect(targets.map(({ scrapePool, health, lastError }) => ({ scrapePool, health, lastError }))).toEqual(
      ['hostile', 'plain', 'platform'].map((scrapePool) => ({ scrapePool, health: 'up', lastError: '' })),
    );
    expect(scraper.logs()).not.toMatch(/duplicate|out of order|error/i);
  });

  test('stores the values that the process shows', async () => {
    const shown = await scrape((applications.platform as Application).metricsUrl);
    const series = still(bySeries(await stored(scraper, 'platform')));
    expect(series).toEqual(still(bySeries(shown)));
    expect(Object.keys(series).length).toBeGreaterThan(500);
  });

  test.each(['platform', 'plain'])('has the same series of %s as one that receives them by OTLP', async (service) => {
    await (applications[service] as Application).ask('flush');
    const comparable = async (prometheus: Prometheus) => {
      const samples = await stored(prometheus, service);
      return still(
        bySeries(
          samples.filter(({ name }) => !name.startsWith('underscore')),
          IDENTITY,
        ),
      );
    };
    const scraped = await comparable(scraper);
    await expect.poll(() => comparable(receiver), { timeout: 20_000, interval: 500 }).toEqual(scraped);
  });

  test('has the same series as the Prometheus exporter of the Collector, odd names and units included', async () => {
    const scraped = still(bySeries(await stored(scraper, 'plain'), IDENTITY));
    const published = (await scrape(collector.metricsUrl)).filter(({ labels }) => labels.job === 'plain');
    expect(still(bySeries(published))).toEqual(scraped);
    expect(Object.keys(scraped).length).toBeGreaterThan(UNDERSTOOD.length);
  });

  test('keeps hostile labels and values as they are', async () => {
    const samples = (await stored(scraper, 'hostile')).filter(({ name }) => name.startsWith('hostile_'));
    const { port } = new URL((applications.hostile as Application).metricsUrl);
    for (const { labels } of samples) expect(labels).toMatchObject({ job: 'hostile', instance: `127.0.0.1:${port}` });
    const shown = bySeries(samples);
    expect(shown).toMatchObject({
      [`hostile_value{text=${JSON.stringify(HOSTILE_VALUE)}}`]: 1,
      'hostile_colliding{a_b="z;x;y"}': 2,
      'hostile_nothing_valid{_="w;v"}': 4,
      [`hostile_long_total{text="${'x'.repeat(2048)}"}`]: 5,
      'hostile_taken{}': 6,
      'hostile_taken_total{}': 7,
    });
    const reserved = ['_name__="n"', 'exported_instance="i"', 'exported_job="j"', 'exported_le="l"'].join(',');
    expect(shown[`hostile_reserved_sum{${reserved},exported_otel_scope_name="s",quantile="q"}`]).toBe(3);
  });
});
