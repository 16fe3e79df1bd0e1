import { diag } from '@opentelemetry/api';
import { contained } from './contain.ts';

/** What a logger needs: Winston's and Pino's have it, so has `console`. */
export interface Logger {
  // biome-ignore lint/suspicious/noExplicitAny: overloads of real loggers differ, and all of them must fit
  info(...line: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  warn(...line: any[]): unknown;
}

/** Where a monitor logs: a message and what belongs to it. True unless the logger threw. */
export interface Log {
  info(message: string, details: object): boolean;
  warn(message: string, details: object): boolean;
}

/** Logs in the order that the logger wants; without one, warnings go to OpenTelemetry's own log. */
export function createLog(logger: Logger | undefined): Log {
  if (logger === undefined) {
    return {
      info: () => true,
      warn(message, details) {
        diag.warn(`gaugeway: ${message}`, details);
        return true;
      },
    };
  }
  const line = isPino(logger)
    ? (message: string, details: object) => [details, message]
    : (message: string, details: object) => [message, details];
  return {
    info: (message, details) => contained('a logger', () => logger.info(...line(message, details))),
    warn: (message, details) => contained('a logger', () => logger.warn(...line(message, details))),
  };
}

/** Pino takes the details first; with the message first it drops them. */
function isPino(logger: object): boolean {
  const { bindings, child } = logger as { bindings?: unknown; child?: unknown };
  return typeof bindings === 'function' && typeof child === 'function';
}
