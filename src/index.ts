export { type EventBus, type EventBusMapping, observeEventBus } from './event-bus.ts';
export { type GatewayOptions, instrumentGateway } from './gateway.ts';
export type {
  AgentRun,
  CacheLookup,
  DbQuery,
  DropReason,
  GatewayRequest,
  HttpRequest,
  JobDecision,
  JobResult,
  JobRun,
  JobStall,
  JobStep,
  JobSubmission,
  JobTarget,
  ModelAttempt,
  ModelCall,
  ModelFallback,
  ModelTarget,
  Observation,
  Operation,
  OrchestratorError,
  Outcome,
  QueueSize,
  RateLimit,
  Running,
  StallReason,
  TokenUsage,
} from './observations.ts';
export { type Listener, observe } from './observe.ts';
export {
  instrumentOrchestrator,
  type OrchestratorMapping,
  type RunMethod,
  type StepMethod,
  type SubmitMethod,
} from './orchestrator.ts';
export { type AgentEnd, type AgentStart, agents, type RunningAgent } from './recorders/agents.ts';
export type { JobEvent } from './recorders/job-events.ts';
export { type JobEnd, type JobStart, jobs, type RunningJob } from './recorders/jobs.ts';
export { type ModelCallResult, type ModelCallStart, modelCalls, type RunningCall } from './recorders/model-calls.ts';
export { operations } from './recorders/operations.ts';
export { type QueryDetails, type QueryEnd, queries } from './recorders/queries.ts';
export type { RunningStep, StepStart } from './recorders/steps.ts';
export { VERSION } from './version.ts';
