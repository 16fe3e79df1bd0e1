import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runsOf } from '../fixtures/pg-boss/boss.ts';
import { type Boss, eventually, startVersion, submitted, VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const FAST = { pollingIntervalSeconds: 0.5 };

describe.each(VERSIONS)('pg-boss $major on a real Postgres', (version) => {
  let started: Awaited<ReturnType<typeof startVersion>>;
  let boss: Boss;
  let sql: Client;
  let recording: Recording;
  let queue: string;
  let number = 0;

  beforeAll(async () => {
    const url = await postgres.createDatabase();
    started = await startVersion(version, url);
    boss = started.boss;
    sql = new Client(url);
    sql.on('error', () => {});
    await sql.connect();
  });
  afterAll(async () => {
    await started.stop();
    await sql.end();
  });
  beforeEach(async () => {
    recording = startRecording();
    queue = `queue-${++number}`;
    await boss.createQueue(queue, { name: queue, retryLimit: 0 });
  });
  afterEach(async () => {
    await boss.offWork(queue);
    recording.stop();
  });

  it('fetches for a worker what it reads of the metadata, and for the application what that asks for', async () => {
    const query = vi.spyOn(Client.prototype, 'query');
    try {
      let own: object | undefined;
      await boss.send(queue, {});
      await boss.work(queue, FAST, async () => {
        if (own !== undefined) return;
        await boss.send(queue, {});
        [own] = await boss.fetch(queue, { includeMetadata: true });
      });
      expect(Object.keys(await eventually(() => own))).toContain('singletonKey');
      const texts = query.mock.calls.map(([first]) => String(first)).filter((text) => text.includes('RETURNING j.'));
      const whole = texts.filter((text) => text.includes('"singletonKey"'));
      expect(whole).toHaveLength(1);
      expect(texts.length).toBeGreaterThan(1);
      for (const text of texts) expect(text).toContain('"startedOn"');
    } finally {
      query.mockRestore();
    }
    expect(await runsOf(recording, queue, 1)).toMatchObject([{ result: 'success', waitMs: expect.any(Number) }]);
  });

  it('tells how long jobs were ready, ran and lived by the clock of the database', async () => {
    const ready = (await boss.send(queue, { secret: 'payload' }, { retryLimit: 3, retryDelay: 1 })) as string;
    const delayed = (await boss.send(queue, {}, { startAfter: 1 })) as string;
    await sleep(600);
    let calls = 0;
    await boss.work(queue, FAST, async ([job]) => {
      await sleep(200);
      if (job?.id === ready && ++calls === 1) throw new TypeError('first');
    });
    const runs = await runsOf(recording, queue, 3);
    const [first, second] = runs.filter(({ id }) => id === ready);
    const [late] = runs.filter(({ id }) => id === delayed);
    expect(first).toMatchObject({ attempt: 1, result: 'failure', errorType: 'TypeError', final: false });
    expect(first?.waitMs).toBeGreaterThan(590);
    expect(first?.totalMs).toBeUndefined();
    expect(second).toMatchObject({ attempt: 2, result: 'success', final: true });
    expect(second?.totalMs).toBeGreaterThan(2000);
    expect(second?.waitMs, 'a backoff is no wait').toBeLessThan(Number(second?.totalMs) - 1000 - 600 - 390);
    expect(late?.waitMs, 'a delay is no wait').toBeLessThan(Number(late?.totalMs) - 1100);
    const row = await boss.getJobById(queue, delayed);
    expect(late?.waitMs).toBe(Number(row?.startedOn) - Number(row?.startAfter));
    for (const { durationMs } of runs) expect(durationMs).toBeGreaterThan(195);
    expect(Number(late?.durationMs) + Number(late?.waitMs)).toBeLessThan(Number(late?.totalMs) - 900);
    const told = [runs, recording.spans().map(({ attributes, events }) => [attributes, events])];
    expect(JSON.stringify(told)).not.toContain('payload');
    expect(recording.running.size).toBe(0);
  });

  it('tells a timeout when it happens, and no late success', async () => {
    await boss.send(queue, {}, { expireInSeconds: 1, retryLimit: 1, retryDelay: 60 });
    let isOver = false;
    await boss.work(queue, FAST, async () => {
      await sleep(1500);
      isOver = true;
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(isOver).toBe(false);
    expect(run).toMatchObject({ result: 'timeout', errorType: 'timeout', final: false, totalMs: undefined });
    expect(run?.durationMs).toBeGreaterThan(990);
    await eventually(() => isOver);
    await sleep(100);
    expect(await runsOf(recording, queue, 1)).toHaveLength(1);
  });

  it.each([
    { how: 'fail', expected: { result: 'failure', errorType: 'RangeError', final: false } },
    { how: 'complete', expected: { result: 'success', final: true } },
    { how: 'cancel', expected: { result: 'cancellation', errorType: 'cancelled', final: true } },
  ] as const)('takes a job for what its handler made of it by $how()', async ({ how, expected }) => {
    await boss.send(queue, {}, { retryLimit: 1, retryDelay: 60 });
    await boss.work(queue, FAST, async (batch) => {
      await boss[how](queue, batch[0]?.id as string, new RangeError('by hand'));
      await sleep(50);
      return 'well';
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject(expected);
    expect(run?.durationMs).toBeGreaterThan(45);
  });

  it('takes what the handler threw for the end of a job that it had failed itself', async () => {
    await boss.send(queue, {}, { retryLimit: 0 });
    await boss.work(queue, FAST, async (batch) => {
      await boss.fail(queue, batch[0]?.id as string, new RangeError('by hand'));
      throw new TypeError('after all');
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'failure', errorType: 'RangeError', final: true });
  });

  it('tells that a job was taken away, which is no retry and not its end', async () => {
    const id = await boss.send(queue, {}, { retryLimit: 3 });
    await boss.work(queue, FAST, async () => {
      await sql.query(`UPDATE pgboss.job SET state = 'cancelled' WHERE id = '${id}'`);
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'error', errorType: 'claim_lost', final: undefined, totalMs: undefined });
  });

  it('tells no wait of a job that was retried or resumed by hand', async () => {
    const failed = (await boss.send(queue, {})) as string;
    await boss.work(queue, FAST, async ([job]) => {
      if (job?.id === failed && (await runsOf(recording, queue, 0)).length === 0) throw new Error('once');
    });
    const [first] = await runsOf(recording, queue, 1);
    expect(first).toMatchObject({ result: 'failure', final: true });
    await eventually(async () => (await boss.getJobById(queue, failed))?.state === 'failed');
    await sleep(300);
    await boss.retry(queue, failed);
    const [, second] = await runsOf(recording, queue, 2);
    expect(second).toMatchObject({ attempt: 2, result: 'success', waitMs: undefined });

    const held = (await boss.send(queue, {}, { startAfter: 1 })) as string;
    await boss.cancel(queue, held);
    await sleep(1300);
    await boss.resume(queue, held);
    const [, , third] = await runsOf(recording, queue, 3);
    expect(third).toMatchObject({ id: held, attempt: 1, result: 'success', waitMs: undefined });
  });

  it('tells no wait of a last attempt that another process may have given by hand', async () => {
    const id = (await boss.send(queue, {})) as string;
    const [claimed] = await boss.fetch(queue);
    await boss.fail(queue, id);
    expect(claimed?.id).toBe(id);
    await sql.query(`UPDATE pgboss.job SET state = 'retry', retry_limit = 1 WHERE id = '${id}'`);
    await boss.work(queue, FAST, async () => {});
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ attempt: 2, result: 'success', waitMs: undefined });
  });

  it('counts what was submitted, not what was there already', async () => {
    const other = `${queue}-b`;
    await boss.createQueue(other, { name: other });
    await boss.send(queue, {});
    await boss.sendThrottled(queue, {}, {}, 60, 'key');
    expect(await boss.sendThrottled(queue, {}, {}, 60, 'key')).toBeNull();
    expect(submitted(recording, queue)).toBe(2);
    await boss.subscribe('event', queue);
    await boss.subscribe('event', other);
    await boss.publish('event', {});
    expect(submitted(recording, queue)).toBe(3);
    expect(submitted(recording, other)).toBe(1);
    const rows = [{ name: other }, { name: other }];
    await boss.insert(...(version.major === 10 ? [rows] : [other, rows]));
    // Version 10 does not tell how many it took.
    expect(submitted(recording, other)).toBe(version.major === 10 ? 1 : 3);
    expect(recording.dropped).toEqual(version.major === 10 ? ['unobservable'] : []);
  });

  it('makes one trace of the sender, the job and what happens inside', async () => {
    await boss.work(queue, FAST, async () => {
      await sleep(5);
      trace.getTracer('test').startSpan('chat').end();
    });
    const request = trace.getTracer('test').startSpan('request');
    const id = await context.with(trace.setSpan(context.active(), request), () => boss.send(queue, {}));
    request.end();
    await runsOf(recording, queue, 1);
    const named = (name: string) => recording.spans().find((span) => span.name === name);
    const chain = [request, named(`send ${queue}`), named(`process ${queue}`), named('chat')];
    for (const [index, span] of chain.entries()) {
      expect(span?.spanContext().traceId).toBe(request.spanContext().traceId);
      const parent = chain[index - 1];
      if (parent !== undefined)
        expect((span as ReturnType<typeof named>)?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    }
    expect(named(`send ${queue}`)?.attributes['gaugeway.job.id']).toBe(id);
  });

  it('starts a new trace, linked to the last one, when a job sends itself again', async () => {
    let calls = 0;
    await boss.work(queue, FAST, async () => {
      if (++calls === 1) await boss.send(queue, {});
    });
    await boss.send(queue, {});
    await runsOf(recording, queue, 2);
    const [first, second] = recording.spans().filter(({ name }) => name === `process ${queue}`);
    expect(second?.spanContext().traceId).not.toBe(first?.spanContext().traceId);
    expect(second?.links[0]?.context.traceId).toBe(first?.spanContext().traceId);
  });

  it('counts a stall when a job is taken from a worker that died, and runs it once more', async () => {
    const id = await boss.send(queue, {}, { expireInSeconds: 1, retryLimit: 2 });
    const [claimed] = await boss.fetch(queue);
    expect(claimed?.id).toBe(id);
    await sleep(1100);
    await started.expire();
    await boss.work(queue, FAST, async () => {});
    const runs = await runsOf(recording, queue, 1);
    expect(runs).toMatchObject([{ id, attempt: 2, result: 'success', final: true }]);
    const stalls = recording.observations.filter(({ kind }) => kind === 'job_stall');
    expect(stalls).toMatchObject([{ system: 'pg_boss', queue, name: queue, reason: 'timeout' }]);
  });

  it('counts faults of pg-boss', async () => {
    const other = await started.another({ application_name: 'faulty' });
    await other.createQueue(`${queue}-f`, { name: `${queue}-f` });
    await sql.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'faulty'");
    const fault = await eventually(() => recording.observations.find(({ kind }) => kind === 'orchestrator_error'));
    expect(fault).toMatchObject({ system: 'pg_boss', component: 'supervisor', errorType: '57P01' });
  });

  it('counts 1,000 jobs with failures at random as their handlers do', async () => {
    let seed = version.major;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (let index = 0; index < 10; index++) {
      const rows = Array.from({ length: 100 }, () => ({ name: queue, retryLimit: 2 }));
      await boss.insert(...(version.major === 10 ? [rows] : [queue, rows]));
    }
    const ledger = { runs: 0, failures: 0, retries: 0 };
    const attempts = new Map<string, number>();
    const dead = new Set<string>();
    const settled = new Set<string>();
    const workers: string[] = [];
    for (let index = 0; index < 4; index++) {
      const handler = async (batch: { id: string }[]) => {
        const fails = random() < 0.3;
        ledger.runs += batch.length;
        for (const { id } of batch) {
          const attempt = (attempts.get(id) ?? 0) + 1;
          attempts.set(id, attempt);
          if (!fails) settled.add(id);
          else if (attempt === 3) dead.add(id);
          else ledger.retries++;
        }
        if (!fails) return;
        ledger.failures += batch.length;
        throw new RangeError('at random');
      };
      workers.push(await boss.work(queue, { ...FAST, batchSize: 20 }, handler));
    }
    await eventually(() => {
      for (const id of workers) boss.notifyWorker(id);
      return settled.size + dead.size === 1000;
    });
    const runs = await runsOf(recording, queue, ledger.runs);
    await sleep(100);
    const count = (of: (run: (typeof runs)[number]) => boolean) => runs.filter(of).length;
    expect({
      runs: count(() => true),
      failures: count(({ errorType }) => errorType === 'RangeError'),
      retries: count(({ final }) => final === false),
    }).toEqual(ledger);
    expect(count(({ final, result }) => final === true && result === 'success')).toBe(settled.size);
    expect(count(({ final, result }) => final === true && result === 'failure')).toBe(dead.size);
    expect(count(({ totalMs }) => totalMs !== undefined)).toBe(1000);
    expect(recording.running.size).toBe(0);
    expect(count(({ waitMs }) => waitMs === undefined)).toBe(0);
    const { rows } = await sql.query(
      `SELECT state, count(*)::int FROM pgboss.job WHERE name = '${queue}' GROUP BY 1 ORDER BY 1`,
    );
    expect(Object.fromEntries(rows.map(({ state, count: jobs }) => [state, jobs]))).toEqual({
      completed: settled.size,
      ...(dead.size > 0 && { failed: dead.size }),
    });
  });
});
