import { LONG_OPERATION, RUN, WAIT } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

const JOB = ['gaugeway.job.system.name', 'gaugeway.job.queue.name', 'gaugeway.job.name'] as const;
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
} as const satisfies Record<string, InstrumentSpec>;
