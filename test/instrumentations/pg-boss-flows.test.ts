import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { hook, runsOf, startBoss } from '../fixtures/pg-boss/boss.ts';
import { eventually, submitted } from '../fixtures/pg-boss/versions.ts';
import { startRecording } from '../recorders/recording.ts';

const FAST = { pollingIntervalSeconds: 0.5 };

it('tells no wait of jobs that waited for others, or may have', async () => {
  const restore = hook();
  const { boss, query, stop } = await startBoss();
  const recording = startRecording();
  try {
    await boss.createQueue('q');
    await query("INSERT INTO pgboss.job (name, data) VALUES ('q', '{}')");
    const worker = await boss.work('q', FAST, () => sleep(200));
    const [alone] = await runsOf(recording, 'q', 1);
    expect(alone?.waitMs, 'where no flow was seen, no job waits for others').toBeGreaterThanOrEqual(0);

    const ids = await boss.flow([
      { ref: 'parent', name: 'q' },
      { ref: 'child', name: 'q', dependsOn: ['parent'] },
    ]);
    expect(submitted(recording, 'q')).toBe(2);
    boss.notifyWorker(worker);
    await eventually(async () => {
      await boss.resolveFlow();
      return (await runsOf(recording, 'q', 1)).length === 3;
    });
    const runs = await runsOf(recording, 'q', 3);
    expect(runs.find(({ id }) => id === ids.parent)?.waitMs).toBeGreaterThanOrEqual(0);
    expect(runs.find(({ id }) => id === ids.child)).toMatchObject({ result: 'success', waitMs: undefined });

    const id = await boss.send('q', {});
    await query("INSERT INTO pgboss.job (name, data) VALUES ('q', '{}')");
    const [, , , ...later] = await runsOf(recording, 'q', 5);
    expect(
      later.find((run) => run.id === id)?.waitMs,
      'a job that was sent here waits for none',
    ).toBeGreaterThanOrEqual(0);
    expect(later.find((run) => run.id !== id)?.waitMs, 'one of another process may').toBeUndefined();
  } finally {
    await boss.offWork('q');
    recording.stop();
    await stop();
    restore?.();
  }
});

it('records a submission that was refused, and one that only changed a job as none', async () => {
  const restore = hook();
  const { boss, stop } = await startBoss();
  const recording = startRecording();
  try {
    await expect(boss.send('there-is-none', {})).rejects.toThrow();
    expect(recording.observations).toMatchObject([
      { kind: 'job_submission', system: 'pg_boss', queue: 'there-is-none', count: 1, errorType: 'Error' },
    ]);
    expect(recording.spans()).toMatchObject([{ name: 'send there-is-none', attributes: { 'error.type': 'Error' } }]);
    await boss.createQueue('q');
    await boss.upsert('q', { n: 1 }, { singletonKey: 'k' });
    await boss.upsert('q', { n: 2 }, { singletonKey: 'k' });
    expect(submitted(recording, 'q')).toBe(1);
    await boss.insert('q', [{ singletonKey: 'may have been there' }]);
    expect(submitted(recording, 'q')).toBe(1);
    expect(recording.dropped).toEqual(['unobservable']);
    await boss.insert('q', [{ singletonKey: 'told' }], { returnId: true });
    expect(submitted(recording, 'q')).toBe(2);
  } finally {
    recording.stop();
    await stop();
    restore?.();
  }
});
