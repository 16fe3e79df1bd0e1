import { defineInstrumentation } from '../src/instrumentation.ts';
import { type AiSdk, patchExports } from './ai-sdk/exports.ts';
import { libraries } from './libraries.ts';

export { aiTelemetryInstrumentation } from './ai-sdk/telemetry-channel.ts';

/*
 * Versions 5 and 6 publish nothing, and take a middleware only from the application, one model at a time. What is left is
 * what every call passes: the exported functions, in whose context it runs, and `doGenerate` and `doStream` of the class
 * of the model, which all attempts of one asking call with the very same prompt. Arguments, models and results stay the
 * application's own objects.
 */
export const aiInstrumentation = defineInstrumentation({
  ...libraries.ai,
  hook: (library: AiSdk) => patchExports(library),
});
