import { setTimeout as sleep } from 'node:timers/promises';
import { context, SpanKind, trace } from '@opentelemetry/api';
import type { PgBoss } from 'pg-boss';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobs } from '../../src/recorders/jobs.ts';
import { hook, runsOf, startBoss } from '../fixtures/pg-boss/boss.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let database: Awaited<ReturnType<typeof startBoss>>;
let boss: PgBoss;
let recording: Recording;
let restore: (() => void) | undefined;
let queue: string;
let number = 0;

beforeAll(async () => {
  restore = hook();
  database = await startBoss();
  boss = database.boss;
});
afterAll(async () => {
  await database.stop();
  restore?.();
});
beforeEach(async () => {
  recording = startRecording();
  queue = `queue-${++number}`;
  await boss.createQueue(queue, { retryLimit: 0 });
});
afterEach(async () => {
  await boss.offWork(queue);
  recording.stop();
});

const FAST = { pollingIntervalSeconds: 0.5 };

describe('a run', () => {
  it('has a wait by the clock of the database, its own duration and the age of the job', async () => {
    const id = await boss.send(queue, { secret: 'payload' });
    await sleep(600);
    await boss.work(queue, FAST, () => sleep(300));
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({
      system: 'pg_boss',
      queue,
      name: queue,
      id,
      attempt: 1,
      result: 'success',
      final: true,
    });
    expect(run?.waitMs).toBeGreaterThan(580);
    expect(run?.waitMs).toBeLessThan(800);
    expect(run?.durationMs).toBeGreaterThan(295);
    expect(run?.durationMs).toBeLessThan(450);
    expect(run?.totalMs).toBeGreaterThan(890);
    expect(run?.totalMs).toBeLessThan(1250);
    const [job] = await boss.findJobs(queue, { id: id as string });
    expect(run?.waitMs).toBe(Number(job?.startedOn) - Math.max(Number(job?.createdOn), Number(job?.startAfter)));
    expect(recording.running.size).toBe(0);
    expect(JSON.stringify([run, recording.spans().map(({ attributes }) => attributes)])).not.toContain('payload');
  });

  it('has not waited while it was delayed on purpose', async () => {
    await boss.send(queue, {}, { startAfter: 1 });
    await boss.work(queue, FAST, async () => {});
    const [run] = await runsOf(recording, queue, 1);
    expect(run?.waitMs).toBeLessThan(700);
    expect(run?.totalMs).toBeGreaterThan(995);
  });

  it('that fails has the class of its error', async () => {
    class QuotaExceeded extends Error {}
    const id = await boss.send(queue, {});
    await boss.work(queue, FAST, async () => {
      throw new QuotaExceeded('used up');
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'failure', errorType: 'QuotaExceeded', final: true });
    expect(run?.totalMs).toBeGreaterThan(0);
    await expect.poll(async () => (await boss.findJobs(queue, { id: id as string }))[0]?.state).toBe('failed');
    const [job] = await boss.findJobs(queue, { id: id as string });
    expect(job?.output).toMatchObject({ message: 'used up' });
  });

  it('that throws something else than an error is a failure, not a cancellation', async () => {
    await boss.send(queue, {});
    await boss.work(queue, FAST, () => {
      throw 'a word';
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'failure', errorType: '_OTHER' });
  });

  it('that is retried counts twice, and the job once', async () => {
    let calls = 0;
    await boss.send(queue, {}, { retryLimit: 2, retryDelay: 1 });
    await boss.work(queue, FAST, async () => {
      if (++calls === 1) throw new TypeError('first');
    });
    const [first, second] = await runsOf(recording, queue, 2);
    expect(first).toMatchObject({ attempt: 1, result: 'failure', errorType: 'TypeError', final: false });
    expect(first?.totalMs).toBeUndefined();
    expect(second).toMatchObject({ attempt: 2, result: 'success', final: true });
    expect(second?.waitMs, 'the backoff is no wait').toBeLessThan(700);
    expect(second?.totalMs).toBeGreaterThan(995);
  });

  it('that has used up its retries is final', async () => {
    await boss.send(queue, {}, { retryLimit: 1 });
    await boss.work(queue, FAST, () => Promise.reject(new RangeError()));
    const runs = await runsOf(recording, queue, 2);
    expect(runs.map(({ attempt, final }) => ({ attempt, final }))).toEqual([
      { attempt: 1, final: false },
      { attempt: 2, final: true },
    ]);
    await sleep(700);
    expect(await runsOf(recording, queue, 2)).toHaveLength(2);
  });
});

describe('a run that pg-boss gives up', () => {
  it('is a timeout when it expires, and no late success', async () => {
    const id = await boss.send(queue, {}, { expireInSeconds: 1 });
    let returned = false;
    await boss.work(queue, FAST, async () => {
      await sleep(1600);
      returned = true;
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(returned).toBe(false);
    expect(run).toMatchObject({ result: 'timeout', errorType: 'timeout', final: true });
    expect(run?.durationMs).toBeGreaterThan(990);
    expect(run?.durationMs).toBeLessThan(1300);
    await expect.poll(() => returned, { timeout: 3000 }).toBe(true);
    await sleep(50);
    expect(await runsOf(recording, queue, 1)).toHaveLength(1);
    expect(recording.running.size).toBe(0);
    expect((await boss.findJobs(queue, { id: id as string }))[0]?.state).toBe('failed');
  });

  it('is an error when its claim is lost, and neither a retry nor the end of the job', async () => {
    const id = (await boss.send(queue, {}, { heartbeatSeconds: 10, retryLimit: 3 })) as string;
    await boss.work(queue, { ...FAST, heartbeatRefreshSeconds: 0.2 }, async ([job]) => {
      await database.query(`UPDATE pgboss.job SET state = 'cancelled' WHERE id = '${id}'`);
      while (!job?.signal.aborted) await sleep(20);
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'error', errorType: 'claim_lost', final: undefined, totalMs: undefined });
  });

  it('is cancelled when its worker shuts down', async () => {
    const other = await database.another();
    await other.send(queue, {}, { retryLimit: 3 });
    let started = false;
    let finish: (() => void) | undefined;
    await other.work(queue, FAST, () => {
      started = true;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    await expect.poll(() => started, { timeout: 5000 }).toBe(true);
    await other.stop({ graceful: false, close: false });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'cancellation', errorType: 'shutdown', final: false });
    finish?.();
  });
});

describe('a batch', () => {
  it('is handled in one call and gives a run and a span per job', async () => {
    for (const name of ['a', 'b', 'c']) await boss.send(queue, { name });
    const batches: string[][] = [];
    await boss.work<{ name: string }>(queue, { ...FAST, batchSize: 5 }, async (batch) => {
      batches.push(batch.map(({ data }) => data.name));
      trace.getTracer('test').startSpan('chat').end();
      await sleep(100);
    });
    const runs = await runsOf(recording, queue, 3);
    expect(batches.map((batch) => batch.sort())).toEqual([['a', 'b', 'c']]);
    for (const run of runs) expect(run.durationMs).toBeGreaterThan(95);
    const spans = recording.spans().filter(({ name }) => name === `process ${queue}`);
    expect(spans.map(({ attributes }) => attributes['gaugeway.job.id'])).toEqual(runs.map(({ id }) => id));
    const [first, second, third] = spans;
    const chat = recording.spans().find(({ name }) => name === 'chat');
    expect(chat?.parentSpanContext?.spanId).toBe(first?.spanContext().spanId);
    for (const span of [first, second, third]) expect(span?.parentSpanContext).toBeUndefined();
    for (const span of [second, third]) expect(span?.links[0]?.context.spanId).toBe(first?.spanContext().spanId);
    const senders = recording.spans().filter(({ name }) => name === `send ${queue}`);
    const linked = [first, second, third].map((span) => span?.links.at(-1)?.context.spanId);
    expect(linked.sort(), 'each is linked to where it was sent').toEqual(
      senders.map((span) => span.spanContext().spanId).sort(),
    );
  });

  it('that throws fails every job', async () => {
    await boss.insert(queue, [{}, { retryLimit: 1 }]);
    let calls = 0;
    await boss.work(queue, { ...FAST, batchSize: 5 }, async () => {
      if (++calls === 1) throw new SyntaxError();
    });
    const runs = await runsOf(recording, queue, 3);
    expect(runs.slice(0, 2).map(({ errorType }) => errorType)).toEqual(['SyntaxError', 'SyntaxError']);
    expect(runs.slice(0, 2).map(({ final }) => final)).toEqual(expect.arrayContaining([true, false]));
    expect(runs[2]).toMatchObject({ attempt: 2, result: 'success' });
  });

  it('with perJobResults takes from the result what became of each job', async () => {
    const sent = ['completed', 'failed', 'deadletter', 'forgotten'];
    await boss.insert(
      queue,
      sent.map((status) => ({ data: { status }, retryLimit: 1, retryDelay: 60 })),
    );
    const ids = new Map<string, string>();
    await boss.work<{ status: string }>(queue, { ...FAST, batchSize: 9, perJobResults: true }, async (batch) => {
      for (const { id, data } of batch) ids.set(data.status, id);
      return batch.flatMap(({ id, data: { status } }) => {
        if (status === 'failed') return { id, status, output: new URIError('bad') };
        if (status === 'completed' || status === 'deadletter') return { id, status };
        return [];
      });
    });
    const runs = await runsOf(recording, queue, 4);
    const run = (status: string) => runs.find(({ id }) => id === ids.get(status));
    expect(run('completed')).toMatchObject({ result: 'success', final: true });
    expect(run('failed')).toMatchObject({ result: 'failure', errorType: 'URIError', final: false });
    expect(run('deadletter')).toMatchObject({ result: 'failure', errorType: '_OTHER', final: true });
    expect(run('forgotten')).toMatchObject({ result: 'failure', errorType: 'missing_result', final: false });
    await expect
      .poll(async () => (await boss.findJobs(queue)).map(({ state }) => state).sort(), { timeout: 3000 })
      .toEqual(['completed', 'failed', 'retry', 'retry']);
  });
});

describe('the span of a job', () => {
  it('is the parent of what happens inside, and no child of where the worker was started', async () => {
    const id = await boss.send(queue, {});
    const startup = trace.getTracer('test').startSpan('startup');
    await context.with(trace.setSpan(context.active(), startup), () =>
      boss.work(queue, FAST, async () => {
        await sleep(5);
        trace.getTracer('test').startSpan('chat gpt').end();
        jobs.step({ name: 'summarize', type: 'agent' }, () => {});
      }),
    );
    startup.end();
    await runsOf(recording, queue, 1);
    const named = (name: string) => recording.spans().find((span) => span.name === name);
    const span = named(`process ${queue}`);
    expect(span?.kind).toBe(SpanKind.CONSUMER);
    expect(span?.parentSpanContext?.spanId).toBe(named(`send ${queue}`)?.spanContext().spanId);
    expect(span?.attributes).toMatchObject({
      'gaugeway.job.system.name': 'pg_boss',
      'gaugeway.job.queue.name': queue,
      'gaugeway.job.name': queue,
      'gaugeway.job.id': id,
      'gaugeway.job.attempt': 1,
      'gaugeway.job.result': 'success',
    });
    expect(named('chat gpt')?.parentSpanContext?.spanId).toBe(span?.spanContext().spanId);
    const step = recording.observations.find(({ kind }) => kind === 'job_step');
    expect(step).toMatchObject({ name: 'summarize', job: { system: 'pg_boss', queue, name: queue } });
  });
});
