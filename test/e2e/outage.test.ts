import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../examples/mock-provider/index.ts';
import { type Application, startApplication } from './application.ts';
import { type Providers, startProviders } from './providers.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  freePorts,
  type Prometheus,
  startCollector,
  startPrometheus,
  waitFor,
} from './servers/index.ts';

interface Seen {
  answers: number;
  streams: number;
  failures: number;
  wrong: number;
}

const doneOf = ({ answers, streams, failures }: Seen) => answers + streams + failures;

describe('an application whose Collector is killed while it works', () => {
  let folder: string;
  let providers: Providers;
  let prometheus: Prometheus;
  let collector: Collector;
  let application: Application;
  let endpoint: string;

  /** Always at one address, with one queue on disk, as a service of a host is. */
  const startAgain = () =>
    startCollector(COLLECTOR_CONFIG, {
      OTLP_HTTP_ENDPOINT: endpoint,
      PROMETHEUS_OTLP_ENDPOINT: prometheus.otlpUrl,
      QUEUE_DIRECTORY: join(folder, 'queue'),
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gaugeway-outage-'));
    [providers, prometheus] = await Promise.all([startProviders(), startPrometheus()]);
    endpoint = `127.0.0.1:${(await freePorts(['port'])).port}`;
    collector = await startAgain();
    application = await startApplication({
      file: 'test/e2e/apps/worker.mjs',
      env: { ...providers.env, OTEL_SERVICE_NAME: 'worker', OTEL_EXPORTER_OTLP_ENDPOINT: `http://${endpoint}` },
    });
  });

  afterAll(async () => {
    await application?.stop();
    await collector?.stop();
    await Promise.all([prometheus?.stop(), providers?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  const total = async (query: string) => (await prometheus.query(`sum(${query})`))[0]?.value ?? 0;
  const CALLS = 'gen_ai_client_operation_duration_seconds_count{job="worker"}';

  /** Lets the application work until it has done so many more calls. */
  async function moreCalls(count: number): Promise<void> {
    const start = doneOf(await application.ask<Seen>('seen'));
    await waitFor(`${count} more calls`, async () => {
      const now = doneOf(await application.ask<Seen>('seen'));
      return now >= start + count ? now : undefined;
    });
  }

  test('goes on as before, and all its numbers are there after the Collector is back', async () => {
    await waitFor('calls in Prometheus', async () => ((await total(CALLS)) > 20 ? true : undefined));

    for (const outage of [1, 2]) {
      await collector.kill();
      // What was on its way to Prometheus has arrived then.
      await moreCalls(20);
      const before = await total(CALLS);
      await moreCalls(60);
      expect(await total(CALLS), `outage ${outage}`).toBe(before);
      collector = await startAgain();
      await waitFor('new calls in Prometheus', async () => ((await total(CALLS)) > before + 60 ? true : undefined));
    }

    const seen = await application.ask<Seen>('stop');
    expect(seen.wrong).toBe(0);
    const truth = providers.openai.ledger['gpt-4o-mini'] as LedgerEntry;
    expect(truth).toMatchObject({ completed: seen.answers + seen.streams, errors: { 500: seen.failures }, dropped: 0 });
    expect(truth.abandoned).toBe(0);

    await application.ask('flush');
    const tokens = (type: string) => `gen_ai_client_token_usage_sum{job="worker",gen_ai_token_type="${type}"}`;
    const numbers = async () => ({
      calls: await total(CALLS),
      attempts: await total('gaugeway_model_attempt_duration_seconds_count{job="worker"}'),
      errors: await total('gaugeway_model_errors_total{job="worker"}'),
      input: await total(tokens('input')),
      output: await total(tokens('output')),
      running: await total('gaugeway_model_active{job="worker"}'),
      processes: (await prometheus.query('count(count by (service_instance_id) ({job="worker"}))'))[0]?.value,
    });
    await expect.poll(numbers, { timeout: 20_000, interval: 500 }).toEqual({
      calls: truth.requests,
      attempts: truth.requests,
      errors: seen.failures,
      input: truth.reportedInputTokens,
      output: truth.reportedOutputTokens,
      running: 0,
      processes: 1,
    });
  });

  test('an application that ends while there is no Collector keeps its exit and does not linger', async () => {
    await collector.kill();
    expect(await application.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(application.stdout()).toBe('');
    expect(application.stderr().split('\n').length).toBeLessThan(10);
  });
});
