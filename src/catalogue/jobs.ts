import { LONG_OPERATION, RUN, WAIT } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

const SYSTEM = 'gaugeway.job.system.name';
const QUEUE = 'gaugeway.job.queue.name';
const JOB = [SYSTEM, QUEUE, 'gaugeway.job.name'] as const;
const QUEUE_STATE = [SYSTEM, QUEUE, 'gaugeway.job.state'] as const;
const END = [...JOB, 'gaugeway.job.result', 'error.type'] as const;
const seconds = { kind: 'histogram', unit: 's' } as const;

/** Jobs and their steps; there is no convention for them, the names follow the CICD metrics. */
export const jobs = {
  jobRunDuration: {
    ...seconds,
    name: 'gaugeway.job.run.duration',
    description: 'Duration of one run (attempt) of a job, from its start to its end.',
    attributes: END,
    buckets: RUN,
    tagged: true,
  },
  jobDuration: {
    ...seconds,
    name: 'gaugeway.job.duration',
    description: 'Duration of a whole job, from its creation to its final outcome, waits and retries included.',
    attributes: END,
    buckets: RUN,
  },
  jobWaitTime: {
    ...seconds,
    name: 'gaugeway.job.wait_time',
    description: 'Time that a job was ready to run before it ran; intended delays and backoff are not waiting.',
    attributes: JOB,
    buckets: WAIT,
  },
  jobStepDuration: {
    ...seconds,
    name: 'gaugeway.job.step.duration',
    description: 'Duration of one step inside a job.',
    attributes: [...JOB, 'gaugeway.job.step.name', 'gaugeway.job.step.type', 'gen_ai.agent.name', 'error.type'],
    buckets: LONG_OPERATION,
  },
  jobRunActive: {
    name: 'gaugeway.job.run.active',
    kind: 'updown',
    unit: '{run}',
    description: 'Job runs in progress.',
    attributes: JOB,
    integer: true,
  },
  jobRunOldestAge: {
    name: 'gaugeway.job.run.oldest_age',
    kind: 'observable_gauge',
    unit: 's',
    description: 'Age of the oldest run in progress: a hung job shows here.',
    attributes: JOB,
  },
  jobRetries: {
    name: 'gaugeway.job.retries',
    kind: 'counter',
    unit: '{retry}',
    description: 'Runs that ended in a failure which will be tried again.',
    attributes: [...JOB, 'error.type'],
    integer: true,
  },
  jobSubmissions: {
    name: 'gaugeway.job.submissions',
    kind: 'counter',
    unit: '{submission}',
    description: 'Jobs handed over to the orchestrator; with error.type those which it did not take.',
    attributes: [...JOB, 'error.type'],
    integer: true,
  },
  jobStalls: {
    name: 'gaugeway.job.stalls',
    kind: 'counter',
    unit: '{stall}',
    description: 'Runs that were given up without an end of their own: the worker died, hung or took too long.',
    attributes: [...JOB, 'gaugeway.job.stall.reason'],
    integer: true,
  },
  jobQueueSize: {
    name: 'gaugeway.job.queue.size',
    kind: 'observable_gauge',
    unit: '{job}',
    description:
      'Jobs of a queue by state, as its broker counts them: every process tells the same, aggregate with max.',
    attributes: QUEUE_STATE,
    integer: true,
  },
  jobQueueOldestAge: {
    name: 'gaugeway.job.queue.oldest_age',
    kind: 'observable_gauge',
    unit: 's',
    description: 'Age of the oldest job of a queue that is ready to run, by its broker: aggregate with max.',
    attributes: QUEUE_STATE,
  },
  orchestratorErrors: {
    name: 'gaugeway.orchestrator.errors',
    kind: 'counter',
    unit: '{error}',
    description: 'Faults of the orchestrator itself: lost connections, failed polls; not failures of jobs.',
    attributes: [SYSTEM, QUEUE, 'gaugeway.orchestrator.component', 'error.type'],
    integer: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
