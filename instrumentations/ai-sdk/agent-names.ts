import { type Context, createContextKey } from '@opentelemetry/api';
import { withValue } from '../../src/nested-context.ts';

const NAME = createContextKey('gaugeway.ai-sdk.agent-name');

/** The id of the agent object whose call this is: the AI SDK does not hand it on. */
export function agentNameIn(context: Context): string | undefined {
  return context.getValue(NAME) as string | undefined;
}

export function withAgentName(context: Context, name: string | undefined): Context {
  return withValue(context, NAME, name);
}
