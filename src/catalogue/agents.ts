import { AGENT, CALLS, OPERATION, WORKFLOW } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

const seconds = { kind: 'histogram', unit: 's' } as const;
const counts = { kind: 'histogram', buckets: CALLS, integer: true, attributes: ['gen_ai.agent.name'] } as const;

/** Agents, their tools and workflows, by the GenAI semantic conventions; both generations of names have these. */
export const agents = {
  invokeAgentDuration: {
    ...seconds,
    name: 'gen_ai.invoke_agent.duration',
    description:
      'Duration of one invocation of an agent, from its start to the last piece of its answer or its failure.',
    attributes: ['gen_ai.agent.name', 'gen_ai.request.model', 'error.type'],
    buckets: AGENT,
  },
  invokeAgentInferenceCalls: {
    ...counts,
    name: 'gen_ai.invoke_agent.inference_calls',
    unit: '{inference_call}',
    description: 'Model calls that one invocation of an agent made itself, failed ones included.',
  },
  invokeAgentToolCalls: {
    ...counts,
    name: 'gen_ai.invoke_agent.tool_calls',
    unit: '{tool_call}',
    description: 'Tools that one invocation of an agent ran itself, failed ones included.',
  },
  executeToolDuration: {
    ...seconds,
    name: 'gen_ai.execute_tool.duration',
    description: 'Duration of one execution of a tool.',
    attributes: ['gen_ai.tool.name', 'gen_ai.tool.type', 'gen_ai.agent.name', 'error.type'],
    buckets: OPERATION,
  },
  invokeWorkflowDuration: {
    ...seconds,
    name: 'gen_ai.invoke_workflow.duration',
    description: 'Duration of one run of a workflow: a graph or a crew, from its start to its completion.',
    attributes: ['gen_ai.workflow.name', 'error.type'],
    buckets: WORKFLOW,
  },
} as const satisfies Record<string, InstrumentSpec>;
