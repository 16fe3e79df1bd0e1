import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import { callRates } from '../model-calls.ts';
import { type LabelKey, label, quantile, rate, series, sumBy, type Where } from '../promql.ts';
import type { Board } from './board.ts';
import { ofSeries, traceLinks } from './links.ts';
import { type Panel, table, timeSeries } from './panels.ts';
import { line, NOW, named, P50_P90_P99, percentiles, RATE, share } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const { jobStepDuration, jobRunDuration } = catalogue;
const { invokeAgentDuration, invokeAgentInferenceCalls, invokeAgentToolCalls } = catalogue;
const { executeToolDuration, invokeWorkflowDuration } = catalogue;
const ofAgents = [invokeAgentDuration, executeToolDuration, jobStepDuration];
const service: Variable = {
  name: 'service',
  title: 'Service',
  key: 'job',
  of: [...ofAgents, invokeWorkflowDuration],
  multi: false,
};
const job: Variable = {
  name: 'job',
  title: 'Job',
  key: 'gaugeway.job.name',
  of: [jobStepDuration],
  within: [service],
};
const agent: Variable = { name: 'agent', title: 'Agent', key: 'gen_ai.agent.name', of: ofAgents, within: [service] };
const OF_SERVICE: Where = { job: chosen(service) };
const OF_AGENT: Where = { ...OF_SERVICE, 'gen_ai.agent.name': chosen(agent) };
const CHOSEN: Where = { ...OF_AGENT, 'gaugeway.job.name': chosen(job) };
const STEP: LabelKey[] = ['gaugeway.job.step.name'];
const AGENT: LabelKey[] = ['gen_ai.agent.name'];
const TOOL: LabelKey[] = ['gen_ai.tool.name'];
const WORKFLOW: LabelKey[] = ['gen_ai.workflow.name'];
const NO_AGENTS = 'No agents. They need a hooked agent framework, or agents.run.';
const NO_TOOLS = 'No tools. They need a hooked agent framework, or agents.run of kind tool.';
const NO_WORKFLOWS = 'No workflows. They need a hooked framework that joins agents, or agents.run of kind workflow.';
const NO_STEPS = 'No steps. They need job.step, or a hooked agent framework within a job.';

const linksBy = (attribute: string, key: LabelKey) =>
  traceLinks({
    conditions: [`span.${attribute} = "${ofSeries(label(key))}"`],
    tags: { [attribute]: ofSeries(label(key)) },
  });
const linksOfAgent = linksBy('gen_ai.agent.name', 'gen_ai.agent.name');
const linksOfTool = linksBy('gen_ai.tool.name', 'gen_ai.tool.name');
const linksOfStep = linksBy('gaugeway.job.step.name', 'gaugeway.job.step.name');

const rates =
  (row: InstrumentSpec, where: Where) =>
  (part: 'bucket' | 'sum' | 'count', more: Where = {}, range = RATE) =>
    rate(series(row, part, { ...where, ...more }), range);
const invocations = rates(invokeAgentDuration, OF_AGENT);
const executions = rates(executeToolDuration, OF_AGENT);
const workflowRuns = rates(invokeWorkflowDuration, OF_SERVICE);
const steps = rates(jobStepDuration, CHOSEN);
const failed: Where = { 'error.type': { not: '' } };

/** "Which agent takes the time, which tool fails, and does one of them run in circles?" */
export function agentsBoard(): Board {
  return {
    uid: 'gaugeway-agents',
    file: 'agents-dashboard.json',
    title: 'Agents and tools',
    description: 'Agents, the model calls and tools of each, workflows, and the steps of jobs.',
    variables: [service, job, agent],
    sections: [
      { title: 'Agents', panels: agents() },
      { title: 'Tools', panels: tools() },
      { title: 'Steps of jobs', panels: jobSteps(), collapsed: true },
      { title: 'Workflows', panels: workflows(), collapsed: true },
    ],
  };
}

function agents(): Panel[] {
  return [
    timeSeries({
      title: 'Duration of an agent',
      description: 'Half, 90 % and 99 % of the invocations end within these times.',
      unit: 's',
      queries: percentiles(P50_P90_P99, invocations('bucket')),
      needs: NO_AGENTS,
    }),
    timeSeries({
      title: 'P90 by agent',
      description: 'P90 of the invocations of each agent.',
      unit: 's',
      queries: [line(quantile(0.9, AGENT, invocations('bucket')), ...AGENT)],
      needs: NO_AGENTS,
      links: linksOfAgent,
    }),
    timeSeries({
      title: 'Model calls of an agent',
      description:
        'P50 and P90 of the model calls that one invocation makes: an agent that runs in circles shows here.',
      unit: 'short',
      queries: percentiles([0.5, 0.9], rates(invokeAgentInferenceCalls, OF_AGENT)('bucket'), AGENT),
      needs: NO_AGENTS,
      links: linksOfAgent,
    }),
    timeSeries({
      title: 'Tools of an agent',
      description: 'P50 and P90 of the tools that one invocation runs.',
      unit: 'short',
      queries: percentiles([0.5, 0.9], rates(invokeAgentToolCalls, OF_AGENT)('bucket'), AGENT),
      needs: NO_AGENTS,
      links: linksOfAgent,
    }),
    timeSeries({
      title: 'Invocations by agent',
      description: 'Invocations of each agent per second.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(AGENT, invocations('count')), ...AGENT)],
      needs: NO_AGENTS,
      links: linksOfAgent,
    }),
    timeSeries({
      title: 'Share of failed invocations',
      description: 'Invocations that failed, among all of that agent.',
      unit: 'percentunit',
      queries: [line(share(sumBy(AGENT, invocations('count', failed)), sumBy(AGENT, invocations('count'))), ...AGENT)],
      needs: NO_AGENTS,
      links: linksOfAgent,
    }),
  ];
}

function tools(): Panel[] {
  return [
    timeSeries({
      title: 'Duration of a tool',
      description: 'Half, 90 % and 99 % of the executions end within these times.',
      unit: 's',
      queries: percentiles(P50_P90_P99, executions('bucket')),
      needs: NO_TOOLS,
    }),
    timeSeries({
      title: 'P90 by tool',
      description: 'P90 of each tool: which one takes the time?',
      unit: 's',
      queries: [line(quantile(0.9, TOOL, executions('bucket')), ...TOOL)],
      needs: NO_TOOLS,
      links: linksOfTool,
    }),
    timeSeries({
      title: 'Share of failed executions',
      description: 'Executions that failed, among all of that tool.',
      unit: 'percentunit',
      queries: [line(share(sumBy(TOOL, executions('count', failed)), sumBy(TOOL, executions('count'))), ...TOOL)],
      needs: NO_TOOLS,
      links: linksOfTool,
    }),
    timeSeries({
      title: 'Failed executions by kind',
      description: 'Failed executions per second, by tool and `error.type`.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy([...TOOL, 'error.type'], executions('count', failed)), ...TOOL, 'error.type')],
      needs: 'No tool has failed.',
      links: linksOfTool,
    }),
    table({
      title: 'Tools',
      description: 'Each tool over five minutes: how often, how long.',
      unit: 's',
      width: 24,
      labels: { gen_ai_tool_name: 'Tool', gen_ai_agent_name: 'Agent' },
      queries: [
        { ...named('Per second', sumBy([...TOOL, ...AGENT], executions('count', {}, NOW))), unit: 'ops' },
        named('P50', quantile(0.5, [...TOOL, ...AGENT], executions('bucket', {}, NOW))),
        named('P99', quantile(0.99, [...TOOL, ...AGENT], executions('bucket', {}, NOW))),
      ],
      needs: NO_TOOLS,
    }),
  ];
}

function workflows(): Panel[] {
  return [
    timeSeries({
      title: 'Duration of a workflow',
      description: 'Half, 90 % and 99 % of the runs of a graph or a crew end within these times.',
      unit: 's',
      queries: percentiles(P50_P90_P99, workflowRuns('bucket')),
      needs: NO_WORKFLOWS,
    }),
    timeSeries({
      title: 'P90 by workflow',
      description: 'P90 of the runs of each workflow.',
      unit: 's',
      queries: [line(quantile(0.9, WORKFLOW, workflowRuns('bucket')), ...WORKFLOW)],
      needs: NO_WORKFLOWS,
    }),
    timeSeries({
      title: 'Runs by workflow',
      description: 'Runs of each workflow per second.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(WORKFLOW, workflowRuns('count')), ...WORKFLOW)],
      needs: NO_WORKFLOWS,
    }),
    timeSeries({
      title: 'Share of failed workflows',
      description: 'Runs that failed, among all of that workflow.',
      unit: 'percentunit',
      queries: [
        line(
          share(sumBy(WORKFLOW, workflowRuns('count', failed)), sumBy(WORKFLOW, workflowRuns('count'))),
          ...WORKFLOW,
        ),
      ],
      needs: NO_WORKFLOWS,
    }),
  ];
}

function jobSteps(): Panel[] {
  return [
    timeSeries({
      title: 'Steps by type',
      description: 'Steps per second: agents, tools, model calls, nodes.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy(['gaugeway.job.step.type'], steps('count')), 'gaugeway.job.step.type')],
      needs: NO_STEPS,
    }),
    timeSeries({
      title: 'Steps and model calls of a run',
      description: 'On average, for one run of a job: a loop of an agent shows as a rise.',
      unit: 'short',
      queries: [
        named(
          'steps',
          `${sumBy([], steps('count'))} / ${sumBy([], rate(series(jobRunDuration, 'count', OF_SERVICE), RATE))}`,
        ),
        named(
          'model calls',
          `${sumBy([], callRates('count', RATE, OF_SERVICE))} / ${sumBy([], rate(series(jobRunDuration, 'count', OF_SERVICE), RATE))}`,
        ),
      ],
      needs: NO_STEPS,
    }),
    timeSeries({
      title: 'P90 by step',
      description: 'P90 of each step: which one takes the time?',
      unit: 's',
      queries: [line(quantile(0.9, STEP, steps('bucket')), ...STEP)],
      needs: NO_STEPS,
      links: linksOfStep,
    }),
    timeSeries({
      title: 'Share of failed steps',
      description: 'Steps that threw, among all of that name.',
      unit: 'percentunit',
      queries: [line(share(sumBy(STEP, steps('count', failed)), sumBy(STEP, steps('count'))), ...STEP)],
      needs: NO_STEPS,
      links: linksOfStep,
    }),
    timeSeries({
      title: 'Failed steps by kind',
      description: 'Failed steps per second, by name and `error.type`.',
      unit: 'ops',
      stacked: true,
      queries: [line(sumBy([...STEP, 'error.type'], steps('count', failed)), ...STEP, 'error.type')],
      needs: 'No step has failed.',
      links: linksOfStep,
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
