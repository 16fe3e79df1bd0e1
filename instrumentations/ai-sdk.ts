import { defineInstrumentation } from '../src/instrumentation.ts';
import { watchTelemetry } from './ai-sdk/telemetry-channel.ts';

/**
 * The AI SDK 7, through the channel that it publishes its work on: nothing of it is patched. Each step of a call is one
 * model call with all of its retries, a call with tools is an agent, and the tools run inside of it.
 */
export const aiTelemetryInstrumentation = defineInstrumentation({ library: 'ai:telemetry', hook: watchTelemetry });
