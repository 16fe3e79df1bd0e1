import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { isRegistered } from './api-globals.ts';

const STDERR = 2;

/**
 * Says one line on stderr. Stdout belongs to the application alone: protocols run over it. A closed or full stderr is
 * nobody's failure.
 */
export function warn(message: string): void {
  try {
    writeSync(STDERR, `gaugeway: ${message.replaceAll(/\s*\n\s*/g, ' | ').slice(0, 1000)}\n`);
  } catch {
    // Nobody is left to be told.
  }
}

const wrongVariables = new Set<string>();

/** Says what is wrong with a variable, once: workers inherit it, and the SDK reads some of the same ones. */
export function warnOfVariable(message: string, variable: string): void {
  if (isMainThread && !wrongVariables.has(variable)) warn(message);
  wrongVariables.add(variable);
}

/** The same complaint is said once: an unreachable Collector would repeat it at every export. */
const MAX_REMEMBERED = 1000;

/** What OpenTelemetry says of things that are not wrong, or that we have said better. */
const NOISE = [
  'Current logger will ',
  'Configuration: Could not parse environment-provided export URL',
  'Failed to read ',
];

/** What the periodic reader puts around the complaint of an exporter. */
const READER_PREFIX = /^PeriodicExportingMetricReader: metrics export failed \(error Error: (.*)\)$/s;

const SECOND_SDK = 'Error: @opentelemetry/api: Attempted duplicate registration of API';
const SECOND_SDK_ADVICE =
  'the application registers an OpenTelemetry SDK of its own, which gets nothing while gaugeway has registered first. ' +
  'Leave out gaugeway/register and setup(), and give that SDK the preset() of gaugeway/setup';

/**
 * Sends what OpenTelemetry complains about to stderr, each complaint once, unless the application listens itself.
 * Returns the function that ends it.
 */
export function installDiagLogger(level: keyof typeof LEVELS): () => void {
  if (isRegistered('diag')) return () => undefined;
  const said = new Set<string>();
  const say = (message: string, ...rest: unknown[]): void => {
    if (NOISE.some((start) => message.startsWith(start))) return;
    const text = message.startsWith(SECOND_SDK) ? SECOND_SDK_ADVICE : message;
    const line = [text, ...rest.map(inLine)].join(' ').replace(/^gaugeway: /, '');
    for (const variable of wrongVariables) if (line.includes(variable)) return;
    const kind = line.replaceAll(/\d+/g, '#').slice(0, 120);
    if (said.has(kind)) return;
    if (said.size >= MAX_REMEMBERED) said.clear();
    said.add(kind);
    warn(line);
  };
  const logger = { error: say, warn: say, info: say, debug: say, verbose: say };
  if (!diag.setLogger(logger, { logLevel: LEVELS[level], suppressOverrideMessage: true })) return () => undefined;
  // The default handler prints an error as JSON, stack and all.
  setGlobalErrorHandler((error) => diag.error(describeError(error).replace(READER_PREFIX, '$1')));
  return () => diag.disable();
}

const LEVELS = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
  all: DiagLogLevel.ALL,
} as const;

function inLine(value: unknown): string {
  if (value instanceof Error) return describeError(value);
  return typeof value === 'object'
    ? inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 2 })
    : String(value);
}

/** One line about an error: several failed addresses are one error without a message of its own. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
