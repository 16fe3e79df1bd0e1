import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { type LabelKey, maxBy, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import type { Board } from './board.ts';
import { ofSeries, traceLinks } from './links.ts';
import { type Panel, timeSeries } from './panels.ts';
import { inSeconds, line, P50_P90_P99, percentiles, RATE, share } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const { jobRunDuration, jobDuration, jobWaitTime, jobRunActive, jobRunOldestAge, jobRetries } = catalogue;
const { jobSubmissions, jobStalls, jobQueueSize, jobQueueOldestAge, orchestratorErrors } = catalogue;

const of = [jobRunDuration, jobRunActive];
const service: Variable = { name: 'service', title: 'Service', key: 'job', of, multi: false };
const queue: Variable = { name: 'queue', title: 'Queue', key: 'gaugeway.job.queue.name', of, within: [service] };
const job: Variable = { name: 'job', title: 'Job', key: 'gaugeway.job.name', of, within: [service, queue] };
const OF_QUEUE: Where = { job: chosen(service), 'gaugeway.job.queue.name': chosen(queue) };
const OF_JOB: Where = { ...OF_QUEUE, 'gaugeway.job.name': chosen(job) };
const JOB: LabelKey[] = ['gaugeway.job.name'];
const QUEUE: LabelKey[] = ['gaugeway.job.queue.name'];
const NO_JOBS = 'No jobs. They need a hooked orchestrator, or jobs.run.';
const failed: Where = { 'gaugeway.job.result': { matches: 'failure|error|timeout' } };

const links = traceLinks({
  conditions: [`span.gaugeway.job.name = "${ofSeries('gaugeway_job_name')}"`],
  tags: { 'gaugeway.job.name': ofSeries('gaugeway_job_name') },
});
const linksOfAll = traceLinks({ conditions: ['span.gaugeway.job.name != nil'] });

const runs = (part: 'bucket' | 'count', where: Where = {}) =>
  rate(series(jobRunDuration, part, { ...OF_JOB, ...where }), RATE);

/** "Is the work done, how long does it wait, and does anything hang?" */
export function jobsBoard({ thresholds }: ResolvedConfig): Board {
  return {
    uid: 'gaugeway-jobs',
    file: 'jobs-dashboard.json',
    title: 'Jobs and queues',
    description: 'How long jobs wait and run, what fails, and what hangs.',
    variables: [service, queue, job],
    sections: [
      { title: 'Runs', panels: ofRuns(thresholds) },
      { title: 'Queues', panels: ofQueues(thresholds) },
      { title: 'Retries, stalls, faults', panels: troubles() },
    ],
  };
}

function ofRuns({ jobAgeMs, jobFailureRate }: ResolvedConfig['thresholds']): Panel[] {
  return [
    timeSeries({
      title: 'Duration of a run',
      description: 'Half, 90 % and 99 % of the runs end within these times. A run is one attempt at a job.',
      unit: 's',
      limits: inSeconds(jobAgeMs),
      queries: percentiles(P50_P90_P99, runs('bucket')),
      needs: NO_JOBS,
      links: linksOfAll,
    }),
    timeSeries({
      title: 'P90 by job',
      description: 'P90 of the runs of each job: which one takes the time?',
      unit: 's',
      queries: [line(quantile(0.9, JOB, runs('bucket')), ...JOB)],
      needs: NO_JOBS,
      links,
    }),
    timeSeries({
      title: 'Oldest run in progress',
      description:
        'Age of the oldest run that has not ended: one that hangs shows here alone. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(jobAgeMs),
      queries: [line(maxBy(JOB, series(jobRunOldestAge, undefined, OF_JOB)), ...JOB)],
      needs: 'Nothing runs.',
      links,
    }),
    timeSeries({
      title: 'Runs in progress',
      description: 'Runs that have begun and not ended.',
      unit: 'short',
      stacked: true,
      queries: [line(sumBy(JOB, series(jobRunActive, undefined, OF_JOB)), ...JOB)],
      needs: NO_JOBS,
      links,
    }),
    timeSeries({
      title: 'Runs by result',
      description: 'Runs per second, by how they ended.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(['gaugeway.job.result'], runs('count')), 'gaugeway.job.result')],
      needs: NO_JOBS,
      links: linksOfAll,
    }),
    timeSeries({
      title: 'Share of failed runs',
      description: 'Runs of each job that ended in failure, error or timeout.',
      unit: 'percentunit',
      limits: jobFailureRate,
      queries: [line(share(sumBy(JOB, runs('count', failed)), sumBy(JOB, runs('count'))), ...JOB)],
      needs: NO_JOBS,
      links,
    }),
    timeSeries({
      title: 'Failed runs by kind',
      description: 'Failed runs per second, by job and `error.type`.',
      unit: 'ops',
      stacked: true,
      queries: [
        line(sumBy([...JOB, 'error.type'], runs('count', { 'error.type': { not: '' } })), ...JOB, 'error.type'),
      ],
      needs: 'No run has failed.',
      links,
    }),
    timeSeries({
      title: 'Duration of a job',
      description: 'From the creation of a job to its final outcome: waits, retries and backoff included.',
      unit: 's',
      queries: percentiles(P50_P90_P99, rate(series(jobDuration, 'bucket', OF_JOB), RATE)),
      needs: 'No whole jobs: their time of creation must be known.',
      links: linksOfAll,
    }),
  ];
}

function ofQueues({ queueWaitMs }: ResolvedConfig['thresholds']): Panel[] {
  const broker = 'No numbers of a broker. The orchestrator must tell them, and it must be asked to.';
  return [
    timeSeries({
      title: 'Waiting in the queue',
      description: 'Time that jobs were ready to run before they ran. Lines: where the alerts begin.',
      unit: 's',
      limits: inSeconds(queueWaitMs),
      queries: percentiles(P50_P90_P99, rate(series(jobWaitTime, 'bucket', OF_JOB), RATE)),
      needs: 'No waits: the time at which a job is ready must be known.',
      links: linksOfAll,
    }),
    timeSeries({
      title: 'In and out',
      description: 'Jobs handed over and runs ended, per second. More in than out, and the queue grows.',
      unit: 'ops',
      queries: [
        line(sumBy(QUEUE, rate(series(jobSubmissions, undefined, OF_JOB), RATE)), ...QUEUE),
        line(sumBy(QUEUE, runs('count')), ...QUEUE),
      ].map((query, index) => ({ ...query, legend: `${index === 0 ? 'in' : 'out'} ${query.legend}` })),
      needs: NO_JOBS,
    }),
    timeSeries({
      title: 'Jobs in the queue',
      description: 'By state, as the broker counts them.',
      unit: 'short',
      stacked: true,
      // Every process tells the same number.
      queries: [
        line(
          maxBy([...QUEUE, 'gaugeway.job.state'], series(jobQueueSize, undefined, OF_QUEUE)),
          ...QUEUE,
          'gaugeway.job.state',
        ),
      ],
      needs: broker,
    }),
    timeSeries({
      title: 'Oldest job in the queue',
      description: 'Age of the oldest job that is ready to run, as the broker tells it.',
      unit: 's',
      limits: inSeconds(queueWaitMs),
      queries: [line(maxBy(QUEUE, series(jobQueueOldestAge, undefined, OF_QUEUE)), ...QUEUE)],
      needs: broker,
    }),
  ];
}

function troubles(): Panel[] {
  const perSecond = (row: typeof jobRetries | typeof jobStalls | typeof orchestratorErrors, where: Where) =>
    rate(series(row, undefined, where), RATE);
  return [
    timeSeries({
      title: 'Retries',
      description: 'Runs per second that ended in a failure and will be tried again.',
      unit: 'ops',
      width: 8,
      queries: [line(sumBy([...JOB, 'error.type'], perSecond(jobRetries, OF_JOB)), ...JOB, 'error.type')],
      needs: 'No run was tried again.',
      links,
    }),
    timeSeries({
      title: 'Stalled runs',
      description: 'Runs per second that were given up: the worker died, hung or lost its lock.',
      unit: 'ops',
      width: 8,
      queries: [
        line(
          sumBy([...QUEUE, 'gaugeway.job.stall.reason'], perSecond(jobStalls, OF_JOB)),
          ...QUEUE,
          'gaugeway.job.stall.reason',
        ),
      ],
      needs: 'No run was given up.',
    }),
    timeSeries({
      title: 'Faults of the orchestrator',
      description: 'Lost connections and failed polls per second; not failures of jobs.',
      unit: 'ops',
      width: 8,
      queries: [
        line(
          sumBy(
            ['gaugeway.orchestrator.component', 'error.type'],
            perSecond(orchestratorErrors, { job: chosen(service) }),
          ),
          'gaugeway.orchestrator.component',
          'error.type',
        ),
      ],
      needs: 'No faults.',
    }),
  ];
}
