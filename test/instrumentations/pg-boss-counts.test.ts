import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runsOf } from '../fixtures/pg-boss/boss.ts';
import { eventually, submitted, VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { FAST, useBoss } from './pg-boss-on-postgres.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('pg-boss $major on a real Postgres', (version) => {
  const here = useBoss(version, createDatabase);

  it('counts what was submitted, not what was there already', async () => {
    const { boss, queue, recording } = here;
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

  it('counts a stall when a job is taken from a worker that died, and runs it once more', async () => {
    const { boss, queue, recording, started } = here;
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
    const { queue, recording, sql, started } = here;
    const other = await started.another({ application_name: 'faulty' });
    await other.createQueue(`${queue}-f`, { name: `${queue}-f` });
    await sql.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'faulty'");
    const fault = await eventually(() => recording.observations.find(({ kind }) => kind === 'orchestrator_error'));
    expect(fault).toMatchObject({ system: 'pg_boss', component: 'supervisor', errorType: '57P01' });
  });

  it('counts 1,000 jobs with failures at random as their handlers do', async () => {
    const { boss, queue, recording, sql } = here;
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
