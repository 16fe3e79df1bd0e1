import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { runsOf } from '../fixtures/pg-boss/boss.ts';
import { eventually, VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { FAST, useBoss } from './pg-boss-on-postgres.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('pg-boss $major on a real Postgres', (version) => {
  const here = useBoss(version, createDatabase);

  it('fetches for a worker what it reads of the metadata, and for the application what that asks for', async () => {
    const { boss, queue, recording } = here;
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
    const { boss, queue, recording } = here;
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

  it('tells no wait of a job that was retried or resumed by hand', async () => {
    const { boss, queue, recording } = here;
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
    const { boss, queue, recording, sql } = here;
    const id = (await boss.send(queue, {})) as string;
    const [claimed] = await boss.fetch(queue);
    await boss.fail(queue, id);
    expect(claimed?.id).toBe(id);
    await sql.query(`UPDATE pgboss.job SET state = 'retry', retry_limit = 1 WHERE id = '${id}'`);
    await boss.work(queue, FAST, async () => {});
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ attempt: 2, result: 'success', waitMs: undefined });
  });
});
