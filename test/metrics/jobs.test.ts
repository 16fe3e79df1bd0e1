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
