import { type Context, createContextKey } from '@opentelemetry/api';
import { withValue } from '../nested-context.ts';
import type { Failure } from './failures.ts';

/**
 * An invocation of an agent, as what happens inside of it sees it. Plain fields: it may have been started by another copy
 * of this package.
 */
export interface Invocation {
  readonly name: string | undefined;
  /** Model calls and tools of its own: those of an agent that it invokes belong to that one. */
  inferenceCalls: number;
  toolCalls: number;
  /** How the last model call, agent or node inside of it failed; undefined where that succeeded. */
  failure?: Failure | undefined;
}

const AGENT = createContextKey('gaugeway.agent.1');

/** The innermost agent that runs in a context. */
export function agentIn(context: Context): Invocation | undefined {
  return context.getValue(AGENT) as Invocation | undefined;
}

export function withAgent(context: Context, invocation: Invocation): Context {
  return withValue(context, AGENT, invocation);
}
