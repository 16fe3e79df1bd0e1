/** What the API of OpenTelemetry keeps for the whole process. */
type Global = 'context' | 'diag' | 'metrics' | 'propagation' | 'trace';

const KEY = Symbol.for('opentelemetry.js.api.1');

/**
 * True when somebody has registered this global. The API itself cannot be asked: it would have to be tried, and it
 * complains of a second registration with a stack.
 */
export function isRegistered(name: Global): boolean {
  return (globalThis as Record<symbol, Partial<Record<Global, unknown>> | undefined>)[KEY]?.[name] !== undefined;
}
