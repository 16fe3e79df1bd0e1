import type { Instruments } from '../instruments.ts';
import type { AgentRun } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordAgentRun(to: Instruments, { none }: BoundedAttributes, run: AgentRun): void {
  const seconds = run.durationMs / 1000;
  switch (run.role) {
    case 'agent': {
      const agent = none.given('gen_ai.agent.name', run.name);
      const ended = agent.given('gen_ai.request.model', run.requestModel).given('error.type', run.errorType);
      to.with('invokeAgentDuration', ended).record(seconds);
      if (run.inferenceCalls !== undefined) to.with('invokeAgentInferenceCalls', agent).record(run.inferenceCalls);
      if (run.toolCalls !== undefined) to.with('invokeAgentToolCalls', agent).record(run.toolCalls);
      return;
    }
    case 'tool': {
      const tool = none
        .given('gen_ai.tool.name', run.name)
        .given('gen_ai.tool.type', run.toolType)
        .given('gen_ai.agent.name', run.agent)
        .given('error.type', run.errorType);
      return to.with('executeToolDuration', tool).record(seconds);
    }
    case 'workflow': {
      const workflow = none.given('gen_ai.workflow.name', run.name).given('error.type', run.errorType);
      return to.with('invokeWorkflowDuration', workflow).record(seconds);
    }
  }
}
