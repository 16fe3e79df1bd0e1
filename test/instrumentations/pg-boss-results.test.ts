import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runsOf } from '../fixtures/pg-boss/boss.ts';
import { eventually, VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { FAST, useBoss } from './pg-boss-on-postgres.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('pg-boss $major on a real Postgres', (version) => {
  const here = useBoss(version, createDatabase);

  it('tells a timeout when it happens, and no late success', async () => {
    const { boss, queue, recording } = here;
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
    const { boss, queue, recording } = here;
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
    const { boss, queue, recording } = here;
    await boss.send(queue, {}, { retryLimit: 0 });
    await boss.work(queue, FAST, async (batch) => {
      await boss.fail(queue, batch[0]?.id as string, new RangeError('by hand'));
      throw new TypeError('after all');
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'failure', errorType: 'RangeError', final: true });
  });

  it('tells that a job was taken away, which is no retry and not its end', async () => {
    const { boss, queue, recording, sql } = here;
    const id = await boss.send(queue, {}, { retryLimit: 3 });
    await boss.work(queue, FAST, async () => {
      await sql.query(`UPDATE pgboss.job SET state = 'cancelled' WHERE id = '${id}'`);
    });
    const [run] = await runsOf(recording, queue, 1);
    expect(run).toMatchObject({ result: 'error', errorType: 'claim_lost', final: undefined, totalMs: undefined });
  });
});
