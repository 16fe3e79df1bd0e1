import { defineInstrumentation } from '../src/instrumentation.ts';
import { type AiSdk, patchExports, REPLACED } from './ai-sdk/exports.ts';
import { watchTelemetry } from './ai-sdk/telemetry-channel.ts';

/**
 * The AI SDK 7, through the channel that it publishes its work on: nothing of it is patched. Each asking of a model is one
 * call with all of its retries, a call with tools is an agent, and the tools run inside of it.
 */
export const aiTelemetryInstrumentation = defineInstrumentation({ library: 'ai:telemetry', hook: watchTelemetry });

/*
 * Versions 5 and 6 publish nothing, and take a middleware only from the application, one model at a time. What is left is
 * what every call passes: the exported functions, in whose context it runs, and `doGenerate` and `doStream` of the class
 * of the model, which all attempts of one asking call with the very same prompt. Arguments, models and results stay the
 * application's own objects.
 */
export const aiInstrumentation = defineInstrumentation({
  library: 'ai',
  versions: ['>=5 <8'],
  replaces: REPLACED,
  hook: (library: AiSdk) => patchExports(library),
});
