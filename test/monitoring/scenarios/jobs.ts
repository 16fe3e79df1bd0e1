import { catalogue } from '../../../src/catalogue/index.ts';
import { asLabels, type Scenario } from './scenario.ts';
import { counter, gauge, histogram } from './timeline.ts';

const queue = { job: 'worker', 'gaugeway.job.system.name': 'bullmq', 'gaugeway.job.queue.name': 'reports' };
const job = { ...queue, 'gaugeway.job.name': 'summary' };

export const jobs: Scenario[] = [
  {
    rules: ['LongRunningJob', 'HungJob'],
    levels: { fine: 250, bad: 400, critical: 2000 },
    series: (age, events) => [gauge(catalogue.jobRunOldestAge, job, age, events.length)],
    labels: asLabels(job),
    summary: 'worker: summary runs for 6m 40s',
    criticalSummary: 'worker: summary runs for 33m 20s',
    minutes: 10,
    loneLevel: undefined,
  },
  {
    rules: ['HighJobFailureRate', 'CriticalJobFailureRate'],
    levels: { fine: 0.01, bad: 0.1, critical: 0.4 },
    series: (share, events) =>
      (['failure', 'success'] as const).map((result, index) =>
        counter(
          catalogue.jobRunDuration,
          { ...job, 'gaugeway.job.result': result },
          events.map((count) => count * (index === 0 ? share : 1 - share)),
          'count',
        ),
      ),
    labels: asLabels(job),
    summary: 'worker: summary: 10% of the runs fail',
    criticalSummary: 'worker: summary: 40% of the runs fail',
    minutes: 25,
    loneLevel: 1,
  },
  {
    rules: ['HighQueueWait', 'CriticalQueueWait'],
    levels: { fine: 20, bad: 100, critical: 500 },
    series: (seconds, events) => histogram(catalogue.jobWaitTime, job, seconds, events),
    labels: asLabels(queue),
    summary: 'worker: jobs of reports wait, P95 is 4m 48s',
    criticalSummary: 'worker: jobs of reports wait, P95 is 14m 30s',
    minutes: 30,
    loneLevel: 3000,
  },
  {
    rules: ['JobsStall'],
    levels: { fine: 0, bad: 0.1 },
    series: (share, events) => [
      counter(
        catalogue.jobStalls,
        { ...job, 'gaugeway.job.stall.reason': 'lock_lost' },
        events.map((count) => Math.floor(count * share)),
      ),
    ],
    labels: asLabels(queue),
    summary: 'worker: 90 runs of reports were given up',
    minutes: 30,
    loneLevel: 1,
  },
  {
    rules: ['OrchestratorErrors'],
    levels: { fine: 0.01, bad: 0.1 },
    series: (share, events) => [
      counter(
        catalogue.orchestratorErrors,
        {
          job: 'worker',
          'gaugeway.job.system.name': 'bullmq',
          'gaugeway.orchestrator.component': 'worker',
          'error.type': 'ECONNREFUSED',
        },
        events.map((count) => count * share),
      ),
    ],
    labels: { job: 'worker', gaugeway_job_system_name: 'bullmq' },
    summary: 'worker: 30 faults of bullmq in 5 minutes',
    minutes: 20,
    loneLevel: 1,
  },
];
