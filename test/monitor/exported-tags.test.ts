import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../e2e/servers/process.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

/** Records by every way that takes tags, then prints the application's own page of metrics. */
const APP = `
  import { createPerformanceMonitor, PerformanceCollector } from 'gaugeway/monitor';
  const monitor = createPerformanceMonitor();
  const tags = { modelId: 'gpt-5-mini', provider: 'openai', operation: 'chat', tenant: 'acme', region: 'eu', team: 'secret' };
  monitor.recordLatency(500, tags);
  monitor.recordThroughput(300, 2000, tags);
  monitor.recordError(tags);
  monitor.recordLatency(40, { operation: 'render', tenant: 7, team: 'secret' });
  monitor.recordJobDuration('job-1', 2000, { name: 'report', queue: 'nightly', tenant: 'acme', team: 'secret' });
  monitor.record('load', 250, { tags: { tenant: 'acme', team: 'secret' } });
  monitor.startTimer('timed').withTag('region', 'us').withTag('team', 'secret').finish();
  new PerformanceCollector(undefined, { monitor }).recordTiming('timing', 9, { tenant: 'acme', team: 'secret' });
  const scrape = async (port) => (await fetch('http://localhost:' + port + '/metrics')).text();
  console.log(await scrape(process.env.OTEL_EXPORTER_PROMETHEUS_PORT));
`;

const MODEL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-5-mini',
};

const run = async (source: string, own: Record<string, string> = {}, node: (typeof NODES)[number] = '24') => {
  const { port } = await freePorts(['port']);
  const prometheus = { OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) };
  return runApp({ node, flags: REGISTER, source, env: { ...receiver.env, ...prometheus, ...own } });
};
const attributesOf = (name: string) => receiver.points(name).map(({ attributes }) => attributes);

describe('tags of a monitor', () => {
  it.each(NODES)('that are allow-listed are attributes of the same series on both paths, Node %s', async (node) => {
    const { code, stdout, stderr } = await run(APP, { GAUGEWAY_MONITOR_TAGS: 'tenant, region' }, node);
    expect([code, stderr]).toEqual([0, '']);
    const tagged = { ...MODEL, tenant: 'acme', region: 'eu' };
    expect(attributesOf('gen_ai.client.operation.duration')).toEqual([tagged]);
    expect(attributesOf('gaugeway.model.token_throughput')).toEqual([tagged]);
    expect(attributesOf('gaugeway.model.errors')).toEqual([tagged]);
    expect(attributesOf('gaugeway.job.run.duration')).toMatchObject([
      { 'gaugeway.job.name': 'report', 'gaugeway.job.queue.name': 'nightly', tenant: 'acme' },
    ]);
    const operation = (name: string, tags: object) => ({ 'gaugeway.operation.name': name, ...tags });
    expect(attributesOf('gaugeway.operation.duration')).toEqual([
      operation('render', { tenant: '7' }),
      operation('load', { tenant: 'acme' }),
      operation('timed', { region: 'us' }),
      operation('timing', { tenant: 'acme' }),
    ]);
    const lines = stdout.split('\n');
    const labels = (series: string) => lines.find((line) => line.startsWith(`${series}{`))?.match(/{.*}/)?.[0] ?? '';
    expect(labels('gen_ai_client_operation_duration_seconds_count')).toMatch(
      /model="gpt-5-mini".*region="eu",tenant="acme"/,
    );
    expect(labels('gaugeway_model_errors_total')).toMatch(/region="eu",tenant="acme"/);
    expect(labels('gaugeway_model_token_throughput_per_second_count')).toMatch(/region="eu",tenant="acme"/);
    expect(labels('gaugeway_job_run_duration_seconds_count')).toMatch(/job_name="report".*tenant="acme"/);
    expect(
      lines.filter((line) => /^gaugeway_operation_duration_seconds_count.*"load".*tenant="acme".* 1$/.test(line)),
    ).toHaveLength(1);
    expect(`${stdout}${JSON.stringify(receiver.points())}`).not.toMatch(/secret|team|job-1/);
  });

  it('stay in the monitor where none is allow-listed', async () => {
    const { code, stdout } = await run(APP);
    expect(code).toBe(0);
    expect(attributesOf('gen_ai.client.operation.duration')).toEqual([MODEL]);
    expect(attributesOf('gaugeway.operation.duration').map((attributes) => Object.keys(attributes))).toEqual(
      Array(4).fill(['gaugeway.operation.name']),
    );
    expect(`${stdout}${JSON.stringify(receiver.points())}`).not.toMatch(/tenant|region|secret|team/);
  });

  it('of hostile values are left out or bounded, and never become another point', async () => {
    const { code, stderr } = await run(
      `
      import { createPerformanceMonitor } from 'gaugeway/monitor';
      const monitor = createPerformanceMonitor();
      const model = { modelId: 'm', provider: 'p', operation: 'chat' };
      const getter = { ...model, get tenant() { throw new Error('no'); } };
      const cyclic = {}; cyclic.self = cyclic;
      for (const tenant of [{ a: 1 }, [1], () => 1, Symbol('s'), null, undefined, cyclic, 5n]) monitor.recordLatency(1, { ...model, tenant });
      monitor.recordLatency(1, getter);
      monitor.recordLatency(1, Object.assign(JSON.parse('{"__proto__":{"tenant":"inherited"}}'), model));
      monitor.recordLatency(1, { ...model, tenant: 'x'.repeat(100_000) });
      for (let i = 0; i < 100_000; i++) monitor.recordLatency(1, { ...model, tenant: 'tenant ' + i, requestId: i });
      `,
      { GAUGEWAY_MONITOR_TAGS: 'tenant', GAUGEWAY_MAX_ATTRIBUTE_VALUES: '50' },
    );
    expect([code, stderr]).toEqual([0, '']);
    const points = receiver.points('gen_ai.client.operation.duration');
    // 49 tenants beside the cut one, all others, and the series without.
    expect(points).toHaveLength(52);
    expect(points.every(({ attributes }) => attributes['gen_ai.request.model'] === 'm')).toBe(true);
    const countOf = (tenant: unknown) => points.find(({ attributes }) => attributes.tenant === tenant)?.count;
    expect([
      countOf(undefined),
      countOf('x'.repeat(200)),
      countOf('tenant 0'),
      countOf('tenant 48'),
      countOf('other'),
    ]).toEqual([10, 1, 1, 1, 100_000 - 49]);
    expect(receiver.total('gaugeway.operation.duration')).toBe(0);
  });
});

describe('the list of tags', () => {
  it('refuses keys that have an attribute already, would be one label or are no keys, and says what holds', async () => {
    const wrong = [
      'modelId',
      'provider',
      'jobId',
      'error.type',
      'gen_ai_request_model',
      'a.b,a_b',
      '9a',
      '__proto__',
      'ä',
    ];
    const { stdout } = await runApp({
      source: `import { setup } from 'gaugeway/setup';
        for (const keys of ${JSON.stringify(wrong)}) {
          try { setup({ monitorTags: keys.split(',') }); } catch ({ name, message }) { console.log(keys, name, message); }
        }`,
    });
    for (const [at, line] of stdout.trimEnd().split('\n').entries()) {
      expect(line).toMatch(
        `${wrong[at]} TypeError gaugeway: option "monitorTags" must be a list of up to 16 keys of tags`,
      );
    }
    expect(stdout.trimEnd().split('\n')).toHaveLength(wrong.length);
    const { stderr } = await run('', { GAUGEWAY_MONITOR_TAGS: 'tenant,modelId' });
    expect(stderr).toMatch(
      /^gaugeway: GAUGEWAY_MONITOR_TAGS="tenant,modelId" is ignored: it must be a list of up to 16 keys/,
    );
  });
});
