import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppFolder, makeAppFolder } from '../helpers/app-folder.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { type Attributes, type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type NodeVersion, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

const model = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'c', model: 'tiny', choices: [{ index: 0, finish_reason: 'stop' }] }));
  });
});
let MODEL_URL: string;
let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  MODEL_URL = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
});
afterAll(async () => {
  model.close();
  await postgres.stop();
});

const RUNS = 'gaugeway.job.run.duration';
const SUCCESS = { 'gaugeway.job.result': 'success' };
const FAILURE = { 'gaugeway.job.result': 'failure' };
const job = (name: string, more: Attributes = {}): Attributes => ({
  'gaugeway.job.system.name': 'graphile_worker',
  'gaugeway.job.name': name,
  ...more,
});

const VERSIONS = [
  { version: '0.16', alias: 'graphile-worker-0.16', forms: [{ form: 'mjs' }, { form: 'cjs' }] },
  { version: '0.17', alias: 'graphile-worker-0.17', forms: [{ form: 'mjs' }, { form: 'cjs' }] },
  {
    version: '0.18',
    alias: 'graphile-worker',
    forms: [{ form: 'mjs' }, { form: 'cjs' }, { form: 'mjs', node: '22' }, { form: 'cjs', node: '26' }],
  },
] as const;

describe.each(VERSIONS)('graphile-worker $version', ({ alias, forms }) => {
  let folder: AppFolder;
  let files: Record<'mjs' | 'cjs', string>;
  beforeAll(() => {
    folder = makeAppFolder({ 'graphile-worker': alias });
    folder.write('life.mjs', readFileSync(join(ROOT, 'test/fixtures/graphile-worker/life.mjs'), 'utf8'));
    const mjs = "import * as library from 'graphile-worker';\nimport { run } from './life.mjs';\nawait run(library);\n";
    const cjs = "const library = require('graphile-worker');\nimport('./life.mjs').then(({ run }) => run(library));\n";
    files = { mjs: folder.write('app.mjs', mjs), cjs: folder.write('app.cjs', cjs) };
  });
  afterAll(() => folder.remove());

  /** Runs the application with us and hands over what it exported. */
  async function measured(
    { form, node }: { readonly form: 'mjs' | 'cjs'; readonly node?: NodeVersion },
    env: Record<string, string>,
    look: (receiver: Receiver, stdout: string) => void | Promise<void>,
    started: (receiver: Receiver) => void = () => {},
  ): Promise<void> {
    const receiver = await startReceiver();
    started(receiver);
    try {
      const end = await runApp({
        ...(node === undefined ? {} : { node }),
        file: files[form],
        flags: REGISTER,
        env: { ...receiver.env, DATABASE_URL: await postgres.createDatabase(), ...env },
      });
      expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
      await look(receiver, end.stdout);
    } finally {
      await receiver.close();
    }
  }

  it.each(forms)('is measured without a change, loaded as $form', async (form) => {
    const plain = await runApp({ file: files.mjs, env: { DATABASE_URL: await postgres.createDatabase(), MODEL_URL } });
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    const withoutCron = (text: string) => {
      const told = JSON.parse(text);
      told.seen.croned.payload = undefined;
      return { ...told, noted: undefined };
    };
    await measured(form, { MODEL_URL }, (receiver, stdout) => {
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
    await measured({ form: 'mjs' }, { ROLE: 'many' }, ({ total }, stdout) => {
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

  it('counts one stall and one more run of a job whose worker was killed', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    const victim = await runApp({
      file: files.cjs,
      flags: REGISTER,
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none', DATABASE_URL, ROLE: 'victim' },
      onStdout: (text, kill) => text.includes('running') && kill('SIGKILL'),
    });
    expect(victim).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    await measured({ form: 'cjs' }, { DATABASE_URL, ROLE: 'rescuer' }, (receiver) => {
      expect(receiver.points('gaugeway.job.stalls')).toMatchObject([
        { attributes: job('life', { 'gaugeway.job.stall.reason': 'lock_lost' }), value: 1 },
      ]);
      expect(receiver.total(RUNS)).toBe(1);
      expect(receiver.total(RUNS, job('life', SUCCESS))).toBe(1);
      expect(receiver.total('gaugeway.job.run.active')).toBe(0);
      expect(receiver.total('gaugeway.job.wait_time'), 'nothing tells since when it was ready').toBe(0);
      const [run] = receiver.spans.filter(({ name }) => name === 'process life');
      expect(run?.attributes).toMatchObject({ 'gaugeway.job.attempt': 2, 'gaugeway.job.result': 'success' });
    });
  });

  it('tells how many jobs there are in each state, and the age of the oldest that waits', async () => {
    const SIZE = 'gaugeway.job.queue.size';
    let isSeen = () => false;
    const looked = createServer(async (_, response) => {
      while (!isSeen()) await sleep(50);
      response.end();
    });
    await new Promise<void>((resolve) => looked.listen(0, '127.0.0.1', resolve));
    const env = {
      ROLE: 'sizes',
      GAUGEWAY_QUEUE_POLL_INTERVAL_MS: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '2000',
      OTEL_METRIC_EXPORT_TIMEOUT: '2000',
      LOOKED_URL: `http://127.0.0.1:${(looked.address() as AddressInfo).port}`,
    };
    const receivers: Receiver[] = [];
    isSeen = () => receivers.some((receiver) => receiver.total(SIZE, { 'gaugeway.job.state': 'active' }) === 1);
    try {
      await measured(
        { form: 'mjs' },
        env,
        (receiver) => {
          const queue = { 'gaugeway.job.system.name': 'graphile_worker', 'gaugeway.job.queue.name': 'graphile_worker' };
          const size = (state: string) => receiver.points(SIZE, { ...queue, 'gaugeway.job.state': state })[0]?.value;
          expect(size('delayed')).toBe(1);
          expect(size('failed')).toBe(1);
          expect(size('active')).toBeTypeOf('number');
          expect(receiver.total('gaugeway.orchestrator.errors')).toBe(0);
          const ages = receiver.points('gaugeway.job.queue.oldest_age', queue);
          expect(ages.map(({ attributes }) => attributes['gaugeway.job.state'])).toEqual(['waiting']);
          // Asking is nobody's work.
          expect(receiver.spans.filter(({ name }) => !/^(send|process) /.test(name))).toEqual([]);
        },
        (receiver) => receivers.push(receiver),
      );
    } finally {
      looked.close();
    }
  });

  it('gives up the runs that outlive it', async () => {
    const file = folder.write(
      'outlive.mjs',
      `import { setTimeout as sleep } from 'node:timers/promises';
      import { observe } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      const handle = setup();
      const { Logger, run } = await import('graphile-worker');
      const seen = [];
      const note = (what) => ({ kind }) => kind === 'job_run' && seen.push(what);
      observe({ started: note('started'), ended: note('ended'), observed: note('told') });
      let finish;
      const handled = new Promise((resolve) => { finish = resolve; });
      const runner = await run({
        connectionString: process.env.DATABASE_URL, logger: new Logger(() => () => {}), noHandleSignals: true,
        pollInterval: 50, taskList: { long: () => handled },
      });
      await runner.addJob('long', {});
      while (seen.length === 0) await sleep(10);
      await handle.shutdown();
      finish();
      await runner.stop();
      console.log(seen.join());`,
    );
    const env = {
      DATABASE_URL: await postgres.createDatabase(),
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
    };
    expect(await runApp({ file, env })).toMatchObject({ code: 0, stdout: 'started,ended\n', stderr: '' });
  });

  it('is measured again by a set-up that follows another one, with the same options', async () => {
    const file = folder.write(
      'again.mjs',
      `import { setTimeout as sleep } from 'node:timers/promises';
      import { observe } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      const first = setup();
      const { Logger, makeWorkerUtils, run } = await import('graphile-worker');
      const pool = { connectionString: process.env.DATABASE_URL, logger: new Logger(() => () => {}) };
      let finished = 0;
      const options = { ...pool, noHandleSignals: true, pollInterval: 50, taskList: { short: async () => { finished++; } } };
      const utils = await makeWorkerUtils(pool);
      await utils.migrate();
      async function work() {
        const seen = [];
        const stop = observe({ observed: ({ kind }) => seen.push(kind) });
        const before = finished;
        const runner = await run(options);
        await runner.addJob('short', {});
        await utils.addJob('short', {});
        while (finished < before + 2) await sleep(10);
        await runner.stop();
        stop();
        console.log(seen.sort().join());
      }
      await work();
      await first.shutdown();
      await work();
      const second = setup();
      await work();
      await second.shutdown();
      await utils.release();`,
    );
    const env = {
      DATABASE_URL: await postgres.createDatabase(),
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
    };
    const seen = 'job_run,job_run,job_submission,job_submission\n';
    expect(await runApp({ file, env })).toMatchObject({ code: 0, stdout: `${seen}\n${seen}`, stderr: '' });
  });

  it('ends the runs of a pool that is shut down by force, and counts its faults', async () => {
    await measured({ form: 'mjs' }, { ROLE: 'fault' }, (receiver) => {
      expect(receiver.points(RUNS)).toMatchObject([
        { attributes: job('hang', { 'gaugeway.job.result': 'cancellation', 'error.type': 'shutdown' }), count: 1 },
      ]);
      expect(receiver.total('gaugeway.job.run.active')).toBe(0);
      expect(receiver.points('gaugeway.orchestrator.errors')).toMatchObject([
        { attributes: { 'gaugeway.orchestrator.component': 'listener', 'error.type': '57P01' }, value: 1 },
      ]);
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
