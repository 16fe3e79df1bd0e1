import type { TokenUsage } from '../../../src/observations.ts';
import { knownErrorType } from '../../../src/recorders/error-types.ts';
import type { Facts, Fields } from '../json-fields.ts';

/** What an answer has told so far; a stream adds to it event by event. */
export interface Answer {
  model?: string | undefined;
  id?: string | undefined;
  finishReasons: string[];
  usage?: TokenUsage | undefined;
  /** The usage was told while the answer was still being written. */
  isUsageRunning?: boolean;
  /** The class of service that answers. */
  serviceTier?: string | undefined;
  /** The provider's own word for what went wrong. */
  errorCode?: string | undefined;
  /** The stream has said that it is complete. */
  ended: boolean;
}

/** What a request has told. */
export interface Asked {
  readonly model?: string | undefined;
  readonly streaming: boolean;
  /** The model's name in the list of prices, where that is not the one by which it is known. */
  readonly listedAs?: string | undefined;
}

/** How one API of a provider writes its requests and answers. */
export interface Format {
  /** `gen_ai.operation.name`. */
  readonly operation: string;
  /** Of a JSON document, or of a form: then only names at the top count, and every value is a text. */
  readonly request: Fields;
  readonly response: Fields;
  /** Fields of one streamed event, where it differs from a whole response. */
  readonly event?: Fields;
  /**
   * `text` where most events of a stream tell nothing but text, `counts` where they tell counts besides that replace
   * those of the events before; absent where every event counts.
   */
  readonly repetitive?: 'text' | 'counts';
  /** A stream is JSON documents, one a line, whatever its content type says. */
  readonly lines?: boolean;
  /** The answer may be something else than JSON, as audio is, and is then not read. */
  readonly opaque?: boolean;
  /** Reads the request; the path holds the model and the mode of some APIs. */
  readonly ask: (facts: Facts, path: string) => Asked;
  /** Adds a response or an event to the answer; false when it told nothing that another one like it would. */
  readonly answer: (facts: Facts, answer: Answer) => boolean;
  /** Adds the counts of the answer's headers, where its body has none. */
  readonly head?: (counts: Facts, answer: Answer) => void;
}

/** Most finish reasons that are kept: one a choice, and some servers repeat it in every event. */
const MAX_FINISH_REASONS = 16;

export function text(value: Facts[string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The model in the body, or in the path where Azure has it: there the deployment decides, whatever the body says. */
export function modelOf(facts: Facts, path: string): string | undefined {
  const deployment = path.includes('/deployments/') ? /\/deployments\/([^/?]+)\//.exec(path)?.[1] : undefined;
  return deployment === undefined ? text(facts.model) : decodePart(deployment);
}

/** A flag in the body; forms have nothing but text. */
export function flag(value: Facts[string]): boolean {
  return value === true || value === 'true';
}

/** A part of a path, as it was before it was written into it. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Adds the finish reasons of this event; some servers write an empty one until there is one. */
export function addFinishReasons(told: Answer, reasons: Facts[string]): boolean {
  let isTold = false;
  for (const reason of Array.isArray(reasons) ? reasons : [reasons]) {
    if (typeof reason !== 'string' || reason === '') continue;
    isTold = true;
    if (told.finishReasons.length < MAX_FINISH_REASONS) told.finishReasons.push(reason);
  }
  return isTold;
}

/**
 * Keeps the first of a provider's words for an error that is known, else any of them, so that there was an error is not
 * forgotten; proxies give the status code of the far side as a number. Tells whether there was one.
 */
export function addError(told: Answer, ...words: Facts[string][]): boolean {
  if (!words.some((word) => word !== undefined)) return false;
  const codes = words.map((word) => (typeof word === 'number' ? String(word) : text(word)));
  const code = codes.find((word) => knownErrorType(word) !== undefined) ?? codes.find((word) => word !== undefined);
  told.errorCode ??= code;
  return code !== undefined;
}
