import type { TokenUsage } from '../../../src/observations.ts';
import type { Facts, Fields } from '../json-fields.ts';

/** What an answer has told so far; a stream adds to it event by event. */
export interface Answer {
  model?: string | undefined;
  id?: string | undefined;
  finishReasons: string[];
  usage?: TokenUsage | undefined;
  /** The provider's own word for what went wrong. */
  errorCode?: string | undefined;
  /** The stream has said that it is complete. */
  ended: boolean;
}

/** What a request has told. */
export interface Asked {
  readonly model?: string | undefined;
  readonly streaming: boolean;
}

/** How one API of a provider writes its requests and answers. */
export interface Format {
  /** `gen_ai.operation.name`. */
  readonly operation: string;
  readonly request: Fields;
  readonly response: Fields;
  /** Fields of one streamed event, where it differs from a whole response. */
  readonly event?: Fields;
  /** Most events of a stream tell nothing but text; absent where every event counts. */
  readonly repetitive?: boolean;
  /** Reads the request; the path holds the model and the mode of some APIs. */
  readonly ask: (facts: Facts, path: string) => Asked;
  /** Adds a response or an event to the answer; false when it told nothing that another one like it would. */
  readonly answer: (facts: Facts, answer: Answer) => boolean;
}

export function text(value: Facts[string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A provider's word for an error; proxies give the status code of the far side as a number. */
export function code(value: Facts[string]): string | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : text(value);
}

/** A token count as written; what is there and cannot be a count is left to the recorder to refuse and to report. */
export function count(value: Facts[string]): number | undefined {
  return value === undefined || typeof value === 'number' ? value : Number.NaN;
}

/** The sum of the known parts, if the first one is known. */
export function sum(first: number | undefined, ...others: (number | undefined)[]): number | undefined {
  return first === undefined ? undefined : others.reduce<number>((total, part) => total + (part ?? 0), first);
}

/**
 * Adds the usage that an event told to what earlier ones did: later values replace earlier ones, absent ones do not.
 * Facts that are named as the fields are taken as they are, `computed` ones are the format's own.
 */
export function addUsage(answer: Answer, facts: Facts, computed: Partial<MutableUsage> = {}): void {
  const merged: MutableUsage = { ...answer.usage };
  for (const field of FIELDS) {
    const told = field in computed ? computed[field] : count(facts[field]);
    if (told !== undefined) merged[field] = told;
  }
  answer.usage = merged as TokenUsage;
}

type MutableUsage = { -readonly [K in keyof TokenUsage]?: number | undefined };

const FIELDS = ['input', 'output', 'total', 'cacheRead', 'cacheWrite', 'reasoning'] as const;
