import { afterEach, beforeEach, expect, it } from 'vitest';
import { jobs } from '../../src/recorders/jobs.ts';
import { startSubmission } from '../../src/recorders/submissions.ts';
import { type Collected, startCollecting } from './collected.ts';

let collected: Collected;
beforeEach(() => {
  collected = startCollecting();
});
afterEach(() => collected.stop());

const KEPT = 200;
const namesOf = async (metric: string) => {
  const points = await collected.points(metric);
  return new Set(points.map(({ attributes }) => attributes['gaugeway.job.name']));
};

it('keeps the first names of jobs and counts the others as one, also while they run', async () => {
  const running = Array.from({ length: 1000 }, (_, index) => {
    const name = `report-${index}`;
    startSubmission({ system: 'test', jobs: [{ queue: 'q', name }] }).end();
    return jobs.start({ system: 'test', queue: 'q', name, waitMs: 1, createdAt: Date.now() });
  });
  const active = await collected.points('gaugeway.job.run.active');
  expect(active).toHaveLength(KEPT + 1);
  expect(active.find(({ attributes }) => attributes['gaugeway.job.name'] === 'other')?.value).toBe(1000 - KEPT);
  for (const run of running) run.end();
  for (const metric of ['submissions', 'run.duration', 'duration', 'wait_time', 'run.active', 'run.oldest_age']) {
    const names = await namesOf(`gaugeway.job.${metric}`);
    expect([metric, names.size, names.has('report-0'), names.has('other')]).toEqual([metric, KEPT + 1, true, true]);
  }
  expect((await collected.points('gaugeway.job.run.active')).every(({ value }) => value === 0)).toBe(true);
  const dropped = await collected.points('gaugeway.self.dropped');
  expect(dropped).toMatchObject([{ attributes: { 'gaugeway.drop.reason': 'series_limit' } }]);
});

it('keeps jobs of one name apart by their queue and system, however many there are', async () => {
  for (let index = 0; index < 50; index++) {
    jobs.start({ system: 'test', queue: `q-${index}`, name: 'same' }).end();
    jobs.start({ system: 'test', queue: `q-${index}`, name: 'same' }).end();
  }
  jobs.start({ system: 'test', name: 'same' }).end();
  jobs.start({ system: 'other-system', name: 'same' }).end();
  const points = await collected.points('gaugeway.job.run.duration');
  expect(points).toHaveLength(52);
  expect(points.map(({ value }) => (value as { count: number }).count).toSorted()).toEqual([
    1,
    1,
    ...Array.from({ length: 50 }, () => 2),
  ]);
  expect(points.filter(({ attributes }) => 'gaugeway.job.queue.name' in attributes)).toHaveLength(50);
  expect(await collected.points('gaugeway.job.run.active')).toHaveLength(52);
});

it('shows what runs, and the age of the oldest job', async () => {
  const { listener } = collected;
  const job = { kind: 'job_run', system: 's', queue: 'q', name: 'n', startTime: Date.now() - 60_000 } as const;
  listener.started(job);
  listener.started({ ...job, startTime: Date.now() });
  expect(await collected.points('gaugeway.job.run.active')).toMatchObject([{ value: 2 }]);
  const [oldest] = await collected.points('gaugeway.job.run.oldest_age');
  expect(oldest?.value).toBeGreaterThanOrEqual(60);
  listener.ended(job);
  listener.ended(job);
  expect(await collected.points('gaugeway.job.run.active')).toMatchObject([{ value: 1 }]);
});

it('shows no age of a job that is over', async () => {
  const { listener } = collected;
  const job = { kind: 'job_run', system: 's', name: 'n', startTime: Date.now() - 60_000 } as const;
  listener.started(job);
  expect((await collected.points('gaugeway.job.run.oldest_age'))[0]?.value).toBeGreaterThanOrEqual(60);
  listener.ended(job);
  expect(await collected.points('gaugeway.job.run.oldest_age')).toMatchObject([{ value: 0 }]);
});

it('counts submissions, stalls and faults of an orchestrator, each with its reason', async () => {
  const { listener } = collected;
  const job = { system: 's', queue: 'q', name: 'n' };
  listener.observed({ kind: 'job_submission', ...job, startTime: 0, count: 3 });
  listener.observed({ kind: 'job_submission', ...job, startTime: 0, count: 1, errorType: 'RangeError' });
  listener.observed({ kind: 'job_stall', system: 's', queue: 'q', reason: 'lock_lost', time: 0 });
  listener.observed({ kind: 'orchestrator_error', system: 's', component: 'worker', errorType: 'EPIPE', time: 0 });
  const [system, queue] = [{ 'gaugeway.job.system.name': 's' }, { 'gaugeway.job.queue.name': 'q' }];
  const named = { ...system, ...queue, 'gaugeway.job.name': 'n' };
  expect(await collected.points('gaugeway.job.submissions')).toMatchObject([
    { value: 3, attributes: named },
    { value: 1, attributes: { ...named, 'error.type': 'RangeError' } },
  ]);
  const [stall] = await collected.points('gaugeway.job.stalls');
  expect(stall?.attributes).toEqual({ ...system, ...queue, 'gaugeway.job.stall.reason': 'lock_lost' });
  const [fault] = await collected.points('gaugeway.orchestrator.errors');
  expect(fault?.attributes).toEqual({
    ...system,
    'gaugeway.orchestrator.component': 'worker',
    'error.type': 'EPIPE',
  });
});

it('counts a retry for a failure, not for a job that was put back', async () => {
  const run = { kind: 'job_run', system: 's', name: 'n', startTime: 0, durationMs: 1, attempt: 1 } as const;
  const { listener } = collected;
  listener.observed({ ...run, result: 'skip', final: false });
  listener.observed({ ...run, result: 'error', errorType: 'claim_lost', final: undefined });
  expect(await collected.points('gaugeway.job.retries')).toEqual([]);
  listener.observed({ ...run, result: 'failure', errorType: 'E', final: false });
  expect(await collected.points('gaugeway.job.retries')).toMatchObject([{ value: 1 }]);
});
