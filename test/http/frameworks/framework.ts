import { trace } from '@opentelemetry/api';
import type { MiddlewareOptions } from '../../../src/http/index.ts';
import type { Served } from '../server.ts';

export interface StartOptions {
  /** How many middlewares of ours the application has. @default 1 */
  readonly times?: number;
  readonly options?: MiddlewareOptions;
}

/** The same application in every framework: what it answers is in `middleware.test.ts`. */
export interface Framework {
  readonly name: string;
  /** False where the framework has no routes of its own. */
  readonly hasRoutes: boolean;
  start(options?: StartOptions): Promise<Served>;
}

export const FAILURE = new RangeError('handler failed');
/** As the http-errors of Express and Koa, and those of Fastify: an answer, not a failure. */
export const TEAPOT = Object.assign(new Error('short and stout'), { status: 418, statusCode: 418, expose: true });
export const CHUNKS = ['one ', 'two ', 'three'];

/** The span that is active in a handler; it answers with it, so that the test can compare. */
export function activeSpan(): string {
  return trace.getActiveSpan()?.spanContext().spanId ?? 'none';
}
