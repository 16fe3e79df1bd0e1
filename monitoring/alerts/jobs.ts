import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { growth, increase, type LabelKey, maxBy, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import { type Alert, pair, seconds, withTraffic } from './alert.ts';

const { jobRunDuration, jobRunOldestAge, jobWaitTime, jobStalls, orchestratorErrors } = catalogue;
const QUEUE: LabelKey[] = ['job', 'gaugeway.job.system.name', 'gaugeway.job.queue.name'];
const JOB: LabelKey[] = [...QUEUE, 'gaugeway.job.name'];
const SYSTEM: LabelKey[] = ['job', 'gaugeway.job.system.name'];
const NAMED = '{{ $labels.job }}: {{ $labels.gaugeway_job_name }}';
const TRACES = 'resource.service.name = "<job>" && span.gaugeway.job.name = "<gaugeway_job_name>"';
const DECIDED: Where = { 'gaugeway.job.result': { matches: 'success|failure|error|timeout' } };
const FAILED: Where = { 'gaugeway.job.result': { matches: 'failure|error|timeout' } };

/** Jobs, their queues and the orchestrator. */
export function jobAlerts(config: ResolvedConfig): Alert[] {
  return [...runs(config), ...queues(config), ...orchestrator()];
}

function runs({ thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  return [
    ...pair(['LongRunningJob', 'HungJob'], ['1m', '5m'], thresholds.jobAgeMs, {
      subject: 'job-age',
      by: JOB,
      // A histogram knows only runs that have ended: one that hangs shows in the age of the oldest alone.
      expression: (limit) => `${maxBy(JOB, series(jobRunOldestAge))} > ${seconds(limit)}`,
      summary: `${NAMED} runs for {{ $value | humanizeDuration }}`,
      description: 'A run of this job is still not at its end. It may hang, and it holds a worker.',
      panel: { board: 'jobs', title: 'Oldest run in progress' },
      traces: `{ ${TRACES} }`,
      steps: [
        'Is this job expected to take so long? Then raise `jobAgeMs`, or split it.',
        'The span of a run that hangs is not there yet; its model calls and steps that have ended are, with its job id.',
        'See whether the worker still does something: event loop and CPU on the Node runtime board.',
        'Cancel the run if its work may be done twice, and give its calls a time limit.',
      ],
    }),
    ...pair(['HighJobFailureRate', 'CriticalJobFailureRate'], ['5m', '5m'], thresholds.jobFailureRate, {
      subject: 'job-failures',
      by: JOB,
      expression: (limit, name) =>
        withTraffic(
          `${sumBy(JOB, growth(series(jobRunDuration, 'count', FAILED), '15m'))} / ${sumBy(JOB, growth(series(jobRunDuration, 'count', DECIDED), '15m'))} > ${limit}`,
          JOB,
          growth(series(jobRunDuration, 'count', DECIDED), '15m'),
          minimumTraffic(name),
        ),
      summary: `${NAMED}: {{ $value | humanizePercentage }} of the runs fail`,
      description: 'Runs of this job end in failure, error or timeout; some will be tried again, some are lost.',
      panel: { board: 'jobs', title: 'Failed runs by kind' },
      traces: `{ ${TRACES} && status = error }`,
      steps: [
        'Which `error.type`, and since when?',
        'Open a failed trace: a model call or a query below the run is often the reason.',
        'A job that fails for its input fails at every retry: set it aside.',
        'See "Retries": many of them load the queue and the providers further.',
      ],
    }),
  ];
}

function queues({ thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  return pair(['HighQueueWait', 'CriticalQueueWait'], ['5m', '5m'], thresholds.queueWaitMs, {
    subject: 'queue-wait',
    by: QUEUE,
    expression: (limit, name) =>
      withTraffic(
        `${quantile(0.95, QUEUE, rate(series(jobWaitTime, 'bucket'), '15m'))} > ${seconds(limit)}`,
        QUEUE,
        increase(series(jobWaitTime, 'count'), '15m'),
        minimumTraffic(name),
      ),
    summary:
      '{{ $labels.job }}: jobs of {{ $labels.gaugeway_job_queue_name }} wait, P95 is {{ $value | humanizeDuration }}',
    description: 'Jobs that are ready do not get a worker: more comes in than is done.',
    panel: { board: 'jobs', title: 'Waiting in the queue' },
    traces: '{ resource.service.name = "<job>" && span.gaugeway.job.queue.name = "<gaugeway_job_queue_name>" }',
    steps: [
      'More submissions than usual, or slower runs? Both are on the board, beside the wait.',
      'Slower runs: see which step takes the time. More submissions: add workers, if the providers have room.',
      'A run that hangs holds a worker for ever: see "Oldest run in progress".',
    ],
  });
}

function orchestrator(): Alert[] {
  return [
    {
      name: 'JobsStall',
      subject: 'job-stalls',
      by: QUEUE,
      severity: 'warning',
      expression: `${sumBy(QUEUE, growth(series(jobStalls), '15m'))} >= 2`,
      for: '1m',
      summary: '{{ $labels.job }}: {{ $value | humanize }} runs of {{ $labels.gaugeway_job_queue_name }} were given up',
      description: 'Workers died, hung or lost their lock: the work is done again or lost.',
      panel: { board: 'jobs', title: 'Stalled runs' },
      traces: '{ resource.service.name = "<job>" && span.gaugeway.job.queue.name = "<gaugeway_job_queue_name>" }',
      steps: [
        'Which reason? `lock_lost` and `heartbeat`: the event loop was blocked for longer than the lock lasts.',
        'Did a worker restart or run out of memory at that time?',
        '`timeout`: the time limit of the job is too short, or it hangs.',
      ],
    },
    {
      name: 'OrchestratorErrors',
      subject: 'orchestrator',
      by: SYSTEM,
      severity: 'warning',
      expression: `${sumBy(SYSTEM, growth(series(orchestratorErrors), '5m'))} >= 5`,
      for: '5m',
      summary:
        '{{ $labels.job }}: {{ $value | humanize }} faults of {{ $labels.gaugeway_job_system_name }} in 5 minutes',
      description: 'The orchestrator itself fails, not a job: lost connections, polls that do not come back.',
      panel: { board: 'jobs', title: 'Faults of the orchestrator' },
      traces: '{ resource.service.name = "<job>" && status = error }',
      steps: [
        'Is its database or Redis up, and has it room for more connections?',
        'See `error.type` on the panel, and the log of the workers.',
        'While it lasts, no job begins: watch the queue.',
      ],
    },
  ];
}
