import type { Attributes } from '@opentelemetry/api';
import type { JobResult } from '../observations.ts';
import { classify, errorClass } from '../recorders/failures.ts';
import type { Submitted } from '../recorders/submissions.ts';

/** What a span tells when it starts, which is all that a sampler sees. */
export interface StartedSpan {
  readonly name: string;
  readonly attributes: Attributes;
}

/** What a span tells when it has ended. */
export interface EndedSpan extends StartedSpan {
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes | undefined }[];
  /** Unix milliseconds. */
  readonly endTime: number;
}

/** How a run ended: `nothing` ran where only the span came to an end, `unknown` is an end that cannot be told. */
export type RunEnding =
  | 'nothing'
  | 'unknown'
  | {
      readonly result: JobResult;
      readonly errorType?: string | undefined;
      /** @default true */
      readonly final?: boolean | 'unknown';
      /** @default that of the span */
      readonly durationMs?: number | undefined;
    };

/** One kind of span that a framework makes. */
export type SpanKindOfJobs = { readonly matches: (span: StartedSpan) => boolean } & (
  | {
      readonly role: 'run';
      readonly name: (span: StartedSpan) => string | undefined;
      readonly id?: (span: StartedSpan) => string | undefined;
      readonly attempt?: (span: StartedSpan) => number | undefined;
      /** True where such a span is opened for what does not run as well: it runs once it has a child. */
      readonly opensEarly?: true;
      readonly end: (span: EndedSpan) => RunEnding;
    }
  | {
      readonly role: 'step';
      readonly name: (span: EndedSpan) => string | undefined;
      readonly type: string;
      /** The job's name, where the job runs elsewhere. @default that of the job whose span is around this one */
      readonly job?: (span: EndedSpan) => string | undefined;
      /** The `id` of the run around it, for a step whose parent span was not recorded. */
      readonly run?: (span: StartedSpan) => string | undefined;
      /** Undefined where nothing ran. */
      readonly end: (span: EndedSpan) => { readonly errorType?: string | undefined } | undefined;
    }
  | { readonly role: 'submission'; readonly jobs: (span: StartedSpan) => readonly Submitted[] }
);

/** An orchestrator that makes spans of its own. */
export interface Framework {
  /** `gaugeway.job.system.name` */
  readonly system: string;
  /** The instrumentation scope of its spans; undefined where the application names it. */
  readonly scope?: string;
  /** False for most spans of everybody else, at the cost of next to nothing. */
  readonly mayBe: (span: StartedSpan) => boolean;
  readonly spans: readonly SpanKindOfJobs[];
}

/** An attribute that is text, by the first of its names that is there. */
export function text({ attributes }: StartedSpan, ...keys: string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

export function number({ attributes }: StartedSpan, key: string): number | undefined {
  const value = attributes[key];
  return typeof value === 'number' ? value : undefined;
}

const OK = 1;
const ERROR = 2;

export function isOk({ status }: EndedSpan): boolean {
  return status.code === OK;
}

export function isFailed({ status }: EndedSpan): boolean {
  return status.code === ERROR;
}

/** The SDK tells the number of a DOMException instead of its name. */
const DOM_ERRORS: Readonly<Record<string, string>> = { 20: 'AbortError', 23: 'TimeoutError' };

/** The class of error that a failed span tells; messages are never read for it. */
export function errorTypeOf(span: EndedSpan): string {
  const exception = span.events.findLast(({ name }) => name === 'exception');
  const type = span.attributes['error.type'] ?? exception?.attributes?.['exception.type'];
  if (type === undefined) return '_OTHER';
  return DOM_ERRORS[String(type)] ?? errorClass({ code: type, name: '_OTHER' });
}

/** A failed run, by the class of its error. */
export function failed(span: EndedSpan, final: boolean | 'unknown' = true): RunEnding {
  const errorType = errorTypeOf(span);
  const { outcome } = classify({ name: errorType, code: errorType });
  return {
    result: outcome === 'aborted' ? 'cancellation' : outcome === 'timeout' ? 'timeout' : 'failure',
    errorType,
    final,
  };
}
