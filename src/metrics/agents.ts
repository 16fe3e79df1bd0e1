import type { Instruments } from '../instruments.ts';
import type { AgentRun } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordAgentRun(to: Instruments, attributes: BoundedAttributes, run: AgentRun): void {
  const seconds = run.durationMs / 1000;
  const errorType = { 'error.type': attributes.errorType(run.errorType) };
  switch (run.role) {
    case 'agent': {
      const agent = { 'gen_ai.agent.name': attributes.bound('gen_ai.agent.name', run.name) };
      const model = { 'gen_ai.request.model': attributes.bound('gen_ai.request.model', run.requestModel) };
      to.with('invokeAgentDuration', { ...agent, ...model, ...errorType }).record(seconds);
      if (run.inferenceCalls !== undefined) to.with('invokeAgentInferenceCalls', agent).record(run.inferenceCalls);
      if (run.toolCalls !== undefined) to.with('invokeAgentToolCalls', agent).record(run.toolCalls);
      return;
    }
    case 'tool':
      return to
        .with('executeToolDuration', {
          'gen_ai.tool.name': attributes.bound('gen_ai.tool.name', run.name),
          'gen_ai.tool.type': attributes.bound('gen_ai.tool.type', run.toolType),
          'gen_ai.agent.name': attributes.bound('gen_ai.agent.name', run.agent),
          ...errorType,
        })
        .record(seconds);
    case 'workflow':
      return to
        .with('invokeWorkflowDuration', {
          'gen_ai.workflow.name': attributes.bound('gen_ai.workflow.name', run.name),
          ...errorType,
        })
        .record(seconds);
  }
}
