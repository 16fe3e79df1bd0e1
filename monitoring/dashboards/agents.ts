import { catalogue } from '../../src/catalogue/index.ts';
import { callRates } from '../model-calls.ts';
import { type LabelKey, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import type { Board } from './board.ts';
import { ofSeries, traceLinks } from './links.ts';
import { type Panel, table, timeSeries } from './panels.ts';
import { line, NOW, named, P50_P90_P99, percentiles, RATE, share } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const { jobStepDuration, jobRunDuration } = catalogue;
const of = [jobStepDuration];
const service: Variable = { name: 'service', title: 'Service', key: 'job', of, multi: false };
const job: Variable = { name: 'job', title: 'Job', key: 'gaugeway.job.name', of, within: [service] };
const agent: Variable = { name: 'agent', title: 'Agent', key: 'gen_ai.agent.name', of, within: [service] };
const CHOSEN: Where = {
  job: chosen(service),
  'gaugeway.job.name': chosen(job),
  'gen_ai.agent.name': chosen(agent),
};
const STEP: LabelKey[] = ['gaugeway.job.step.name'];
const AGENT: LabelKey[] = ['gen_ai.agent.name'];
const NO_STEPS = 'No steps. They need job.step, or a hooked agent framework.';

const links = traceLinks({
  conditions: [`span.gaugeway.job.step.name = "${ofSeries('gaugeway_job_step_name')}"`],
  tags: { 'gaugeway.job.step.name': ofSeries('gaugeway_job_step_name') },
});
const linksOfAll = traceLinks({ conditions: ['span.gaugeway.job.step.name != nil'] });

const steps = (part: 'bucket' | 'count', where: Where = {}, range = RATE) =>
  rate(series(jobStepDuration, part, { ...CHOSEN, ...where }), range);
const failed: Where = { 'error.type': { not: '' } };

/** "Which step of an agent takes the time, and which tool fails?" */
export function agentsBoard(): Board {
  return {
    uid: 'gaugeway-agents',
    file: 'agents-dashboard.json',
    title: 'Agents and tools',
    description: 'Steps inside of jobs: agents, tools, model calls and nodes of a graph.',
    variables: [service, job, agent],
    sections: [
      { title: 'Agents', panels: agents() },
      { title: 'Tools and other steps', panels: tools() },
    ],
  };
}

function agents(): Panel[] {
  const ofService: Where = { job: chosen(service) };
  return [
    timeSeries({
      title: 'Duration of an agent',
      description: 'Half, 90 % and 99 % of the steps of type `agent` end within these times.',
      unit: 's',
      queries: percentiles(P50_P90_P99, steps('bucket', { 'gaugeway.job.step.type': 'agent' })),
      needs: NO_STEPS,
      links: linksOfAll,
    }),
    timeSeries({
      title: 'P90 by agent',
      description: 'P90 of all steps of each agent.',
      unit: 's',
      queries: [line(quantile(0.9, AGENT, steps('bucket', { 'gen_ai.agent.name': { not: '' } })), ...AGENT)],
      needs: 'No step names its agent.',
      links: linksOfAll,
    }),
    timeSeries({
      title: 'Steps by type',
      description: 'Steps per second: agents, tools, model calls, nodes.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(['gaugeway.job.step.type'], steps('count')), 'gaugeway.job.step.type')],
      needs: NO_STEPS,
      links: linksOfAll,
    }),
    timeSeries({
      title: 'Steps and model calls of a run',
      description: 'On average, for one run of a job: a loop of an agent shows as a rise.',
      unit: 'short',
      queries: [
        named(
          'steps',
          `${sumBy([], steps('count'))} / ${sumBy([], rate(series(jobRunDuration, 'count', ofService), RATE))}`,
        ),
        named(
          'model calls',
          `${sumBy([], callRates('count', RATE, ofService))} / ${sumBy([], rate(series(jobRunDuration, 'count', ofService), RATE))}`,
        ),
      ],
      needs: NO_STEPS,
    }),
  ];
}

function tools(): Panel[] {
  return [
    timeSeries({
      title: 'Duration of a tool',
      description: 'Half, 90 % and 99 % of the steps of type `tool` end within these times.',
      unit: 's',
      queries: percentiles(P50_P90_P99, steps('bucket', { 'gaugeway.job.step.type': 'tool' })),
      needs: 'No steps of type tool.',
      links: linksOfAll,
    }),
    timeSeries({
      title: 'P90 by step',
      description: 'P90 of each step: which one takes the time?',
      unit: 's',
      queries: [line(quantile(0.9, STEP, steps('bucket')), ...STEP)],
      needs: NO_STEPS,
      links,
    }),
    timeSeries({
      title: 'Share of failed steps',
      description: 'Steps that threw, among all of that name.',
      unit: 'percentunit',
      queries: [line(share(sumBy(STEP, steps('count', failed)), sumBy(STEP, steps('count'))), ...STEP)],
      needs: NO_STEPS,
      links,
    }),
    timeSeries({
      title: 'Failed steps by kind',
      description: 'Failed steps per second, by name and `error.type`.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy([...STEP, 'error.type'], steps('count', failed)), ...STEP, 'error.type')],
      needs: 'No step has failed.',
      links,
    }),
    table({
      title: 'Steps',
      description: 'Each step over five minutes: how often, how long.',
      unit: 's',
      width: 24,
      labels: { gaugeway_job_step_name: 'Step', gaugeway_job_step_type: 'Type' },
      queries: [
        { ...named('Per second', sumBy([...STEP, 'gaugeway.job.step.type'], steps('count', {}, NOW))), unit: 'ops' },
        named('P50', quantile(0.5, [...STEP, 'gaugeway.job.step.type'], steps('bucket', {}, NOW))),
        named('P99', quantile(0.99, [...STEP, 'gaugeway.job.step.type'], steps('bucket', {}, NOW))),
      ],
      needs: NO_STEPS,
    }),
  ];
}
