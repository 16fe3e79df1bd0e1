import type { JobTarget } from './jobs.ts';
import type { Outcome } from './outcomes.ts';

/** One run of an agent, of a tool that an agent uses, or of a workflow that joins several of them. */
export interface AgentRun {
  readonly kind: 'agent_run';
  readonly role: 'agent' | 'tool' | 'workflow';
  /** Undefined where an agent or a workflow has none. */
  readonly name?: string | undefined;
  /** The agent that ran the tool or, of an agent, the one that invoked it. */
  readonly agent?: string | undefined;
  /** The only model that an agent asks. */
  readonly requestModel?: string | undefined;
  /** `gen_ai.tool.type`: `function`, `extension` or `datastore`. */
  readonly toolType?: string | undefined;
  /** The job that it is a step of; a `job_step` tells it as well. */
  readonly job?: JobTarget | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** Present unless the outcome is `success`. */
  readonly errorType?: string | undefined;
  /** Of an agent: the model calls that it made itself; undefined where some may not have been seen. */
  readonly inferenceCalls?: number | undefined;
  /** Of an agent: the tools that it ran itself; undefined where some may not have been seen. */
  readonly toolCalls?: number | undefined;
}
