import type { PerformanceMonitor } from '../monitor/index.ts';
import { takeRequest } from '../monitor/stream.ts';
import type { HttpRequest } from '../observations.ts';
import type { Answer, RequestReader } from '../recorders/requests.ts';

/** Options of a middleware; all optional. */
export interface MiddlewareOptions {
  /** Which answers are errors. @default status 500 and above, and what a handler threw that is no answer of its own */
  readonly isError?: (answer: Answer) => boolean;
}

/** What one middleware does with each of its requests, found out once. */
export type Settings = RequestReader;

/** @param found finds the template of a request and what was thrown, from what the framework hands to its middlewares */
export function settingsOf(
  monitor: PerformanceMonitor | undefined,
  options: MiddlewareOptions = {},
  found?: Pick<Settings, 'route' | 'error'>,
): Settings {
  const { isError } = options;
  if (monitor !== undefined && typeof monitor?.core !== 'object') {
    throw new TypeError('gaugeway: a middleware takes a PerformanceMonitor or undefined first, and its options second');
  }
  if (isError !== undefined && typeof isError !== 'function') {
    throw new TypeError('gaugeway: option "isError" must be a function, as in ({ statusCode }) => statusCode >= 400');
  }
  return {
    route: found?.route,
    error: found?.error,
    isError,
    sink: monitor === undefined ? undefined : sinkOf(monitor),
  };
}

/** A monitor that follows the stream of observations has each request from there. */
function sinkOf({ core }: PerformanceMonitor): ((request: HttpRequest) => void) | undefined {
  const { enabled, observe } = core.options;
  return enabled && !observe ? (request) => takeRequest(core, request) : undefined;
}
