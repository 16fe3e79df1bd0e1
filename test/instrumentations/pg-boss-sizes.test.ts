import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueueSize } from '../../src/observations.ts';
import { startQueuePoller } from '../../src/recorders/queues.ts';
import { eventually, startVersion, VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { startRecording } from '../recorders/recording.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe.each(VERSIONS)('sizes of the queues of pg-boss $major', (version) => {
  it('are asked for where this process sends or works, while pg-boss is there', async () => {
    const url = await postgres.createDatabase();
    const { boss, stop } = await startVersion(version, url, { queueGauges: true });
    const sql = new Client(url);
    await sql.connect();
    const recording = startRecording();
    const stopPoller = startQueuePoller(20);
    const sizes = () => recording.observations.filter((each): each is QueueSize => each.kind === 'queue_size');
    try {
      for (const name of ['sent', 'never used']) await boss.createQueue(name.replace(' ', '-'), { name });
      await boss.send('sent', {});
      await boss.send('sent', {}, { startAfter: 3600 });
      await boss.send('sent', {});
      await boss.fetch('sent');
      await sql.query(
        "UPDATE pgboss.job SET created_on = now() - interval '1 minute', start_after = now() - interval '1 minute' WHERE state = 'created' AND start_after < now()",
      );
      recording.observations.length = 0;
      const seen = await eventually(() => {
        const all = sizes();
        const waiting = all.find(({ state, oldestAgeMs = 0 }) => state === 'waiting' && oldestAgeMs > 59_000);
        return waiting && all.slice(all.indexOf(waiting));
      });
      await eventually(() => sizes().length > seen.length + 4);
      const last = new Map(sizes().map((size) => [size.state, size]));
      expect(Object.fromEntries([...last].map(([state, { count }]) => [state, count]))).toEqual({
        waiting: 1,
        delayed: 1,
        active: 1,
        ...(version.major === 12 && { blocked: 0 }),
      });
      expect(last.get('waiting')?.oldestAgeMs).toBeGreaterThanOrEqual(60_000);
      expect(last.get('waiting')?.oldestAgeMs).toBeLessThan(120_000);
      expect(new Set(sizes().map(({ system, queue }) => `${system} ${queue}`))).toEqual(new Set(['pg_boss sent']));
      expect(recording.observations.filter(({ kind }) => kind === 'orchestrator_error')).toEqual([]);
    } finally {
      await sql.end();
      await stop();
    }
    try {
      await eventually(async () => {
        recording.observations.length = 0;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return recording.observations.length === 0;
      });
    } finally {
      stopPoller();
      recording.stop();
    }
  });
});
