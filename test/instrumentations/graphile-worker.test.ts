import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receiver } from '../helpers/receiver.ts';
import { runApp } from '../helpers/run-app.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { FAILURE, job, RUNS, SUCCESS, useApp, VERSIONS } from './graphile-worker-app.ts';

const { createDatabase } = usePostgres();
const model = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'c', model: 'tiny', choices: [{ index: 0, finish_reason: 'stop' }] }));
  });
});
let MODEL_URL: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  MODEL_URL = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
});
afterAll(() => {
  model.close();
});

describe.each(VERSIONS)('graphile-worker $version', ({ alias, forms }) => {
  const app = useApp(alias, createDatabase);

  it.each(forms)('is measured without a change, loaded as $form', async (form) => {
    const plain = await runApp({ file: app.files.mjs, env: { DATABASE_URL: await createDatabase(), MODEL_URL } });
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    const withoutCron = (text: string) => {
      const told = JSON.parse(text);
      told.seen.croned.payload = undefined;
      return { ...told, noted: undefined };
    };
    await app.measured(form, { MODEL_URL }, (receiver, stdout) => {
      expect(withoutCron(stdout)).toEqual(withoutCron(plain.stdout));
      const { total } = receiver;

      const succeeded = [
        'plain',
        'quick',
        'slow',
        'delayed',
        'keyed',
        'parent',
        'child',
        'croned',
        'listed',
        'retried',
      ];
      for (const name of succeeded) expect([name, total(RUNS, job(name, SUCCESS))]).toEqual([name, 1]);
      expect(total(RUNS, job('once', SUCCESS)), 'worked off once, by a pool and by a client').toBe(2);
      expect(total(RUNS, job('retried', { ...FAILURE, 'error.type': 'RangeError' }))).toBe(1);
      expect(total(RUNS, job('fatal', { ...FAILURE, 'error.type': 'TypeError' }))).toBe(1);
      expect(total(RUNS, job('batch', { ...FAILURE, 'error.type': 'URIError' }))).toBe(1);
      expect(total(RUNS)).toBe(15);
      expect(total('gaugeway.job.retries')).toBe(1);
      expect(total('gaugeway.job.retries', job('retried', { 'error.type': 'RangeError' }))).toBe(1);
      expect(total('gaugeway.job.duration'), 'every job once').toBe(14);
      expect(total('gaugeway.job.duration', job('fatal', FAILURE))).toBe(1);
      expect(total('gaugeway.job.wait_time')).toBe(15);
      expect(total('gaugeway.job.run.active')).toBe(0);
      // A job that replaces another by its key is not a second one; those of cron are added by the database.
      expect(total('gaugeway.job.submissions')).toBe(13);
      expect(total('gaugeway.job.submissions', job('keyed'))).toBe(1);
      expect(total('gaugeway.job.submissions', job('child'))).toBe(1);
      expect(total('gaugeway.job.stalls')).toBe(0);

      const sum = (metric: string, name: string) =>
        receiver.points(metric, job(name)).reduce((seconds, point) => seconds + (point.sum ?? 0), 0);
      const { noted } = JSON.parse(stdout) as { noted: Record<string, { waitMs: number; tookMs: number }> };
      for (const [name, { waitMs, tookMs }] of Object.entries(noted)) {
        const [wait, run, life] = ['gaugeway.job.wait_time', RUNS, 'gaugeway.job.duration'].map(
          (metric) => sum(metric, name) * 1000,
        ) as [number, number, number];
        expect([name, Math.abs(wait - waitMs) < 20]).toEqual([name, true]);
        // Around the task, and inside of the job's life, whatever the machine is busy with.
        expect([name, run >= tookMs - 1, run + wait <= life + 1]).toEqual([name, true, true]);
      }
      expect(Object.keys(noted)).toHaveLength(13);
      const lived = (name: string) => sum('gaugeway.job.duration', name);
      const waited = (name: string) => sum('gaugeway.job.wait_time', name);
      expect(sum(RUNS, 'slow')).toBeGreaterThan(0.295);
      expect(sum(RUNS, 'slow'), 'the wait is not in it').toBeLessThan(lived('slow') - 0.6);
      expect(waited('plain'), 'added before there was a worker').toBeGreaterThan(0.6);
      expect(waited('delayed'), 'a delay is no wait').toBeLessThan(lived('delayed') - 0.9);
      expect(waited('croned'), 'the time that a cron job is late is no wait').toBeLessThanOrEqual(lived('croned'));
      expect(waited('retried'), 'a backoff is no wait').toBeLessThan(lived('retried') - 2.7);

      expectSpans(receiver);
      expect(JSON.stringify(receiver.requests)).not.toContain('payload');
    });
  });

  it('counts 1,000 jobs with failures at random as their tasks do', async () => {
    await app.measured({ form: 'mjs' }, { ROLE: 'many' }, ({ total }, stdout) => {
      const { ledger, left } = JSON.parse(stdout);
      expect({
        runs: total(RUNS),
        failures: total(RUNS, { 'error.type': 'RangeError' }),
        retries: total('gaugeway.job.retries'),
        completed: total('gaugeway.job.duration', SUCCESS),
        dead: total('gaugeway.job.duration', FAILURE),
      }).toEqual(ledger);
      expect(left).toBe(ledger.dead);
      expect(total('gaugeway.job.wait_time')).toBe(ledger.runs);
      expect(total('gaugeway.job.submissions')).toBe(1000);
      expect(total('gaugeway.job.run.active')).toBe(0);
    });
  });
});

function expectSpans({ spans }: Receiver): void {
  const named = (name: string) => spans.filter((span) => span.name === name);
  const [parent] = named('process parent');
  const [send] = named('send child');
  const [child] = named('process child');
  const [call] = named('chat tiny');
  expect(parent?.parentSpanId).toBe(named('send parent')[0]?.spanId);
  expect(send).toMatchObject({ kind: 4, parentSpanId: parent?.spanId });
  expect(child).toMatchObject({ kind: 5, parentSpanId: send?.spanId, traceId: parent?.traceId, status: 0 });
  expect(call).toMatchObject({ parentSpanId: child?.spanId, traceId: parent?.traceId });
  expect(child?.attributes).toMatchObject({
    'gaugeway.job.system.name': 'graphile_worker',
    'gaugeway.job.name': 'child',
    'gaugeway.job.id': send?.attributes['gaugeway.job.id'],
    'gaugeway.job.attempt': 1,
    'gaugeway.job.result': 'success',
  });
  expect(named('process croned')[0]?.parentSpanId).toBeUndefined();
  expect(named('process fatal')).toMatchObject([{ status: 2, attributes: { 'error.type': 'TypeError' } }]);
  expect(named('process retried').map(({ status }) => status)).toEqual([2, 0]);
}
