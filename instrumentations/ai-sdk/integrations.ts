/**
 * An integration that runs model calls itself does so to have a span of its own around them, as that of @ai-sdk/otel: a
 * second span would count its tokens twice.
 */
export function hasForeignSpans(): boolean {
  const { AI_SDK_TELEMETRY_INTEGRATIONS: all } = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown };
  return Array.isArray(all) && all.some((integration) => typeof integration?.executeLanguageModelCall === 'function');
}
