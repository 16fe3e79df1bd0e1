import { EventStream } from './event-stream.ts';
import type { Answer, Format } from './formats/format.ts';
import { type CompiledFields, compileFields, JsonScanner } from './json-scanner.ts';

interface Compiled {
  readonly request: CompiledFields;
  readonly response: CompiledFields;
  readonly event: CompiledFields;
}

const compiled = new Map<Format, Compiled>();

/** The fields of a format in the scanner's form; made once. */
export function fieldsOf(format: Format): Compiled {
  let fields = compiled.get(format);
  if (fields === undefined) {
    const response = compileFields(format.response);
    const event = format.event === undefined ? response : compileFields(format.event);
    fields = { request: compileFields(format.request), response, event };
    compiled.set(format, fields);
  }
  return fields;
}

/** Reads the body of an answer as it arrives. */
export interface BodyReader {
  feed(bytes: Buffer): void;
  /** The body is over: adds what was left to the answer. */
  end(): void;
  /** Problems to count, by reason. */
  readonly malformed: number;
  readonly oversized: number;
  /** True when a JSON body stopped before its end, or was none. */
  readonly isBroken: boolean;
}

export function createBodyReader(format: Format, contentType: string, answer: Answer): BodyReader | undefined {
  if (contentType.startsWith('text/event-stream')) {
    const stream = new EventStream(format, fieldsOf(format).event, answer);
    return {
      feed: (bytes) => stream.feed(bytes),
      end: () => stream.end(),
      get malformed() {
        return stream.malformed;
      },
      get oversized() {
        return stream.oversized;
      },
      isBroken: false,
    };
  }
  if (!/^application\/(?:[\w.+-]+\+)?json\b/.test(contentType)) return undefined;
  const scanner = new JsonScanner(fieldsOf(format).response);
  return {
    feed: (bytes) => scanner.feed(bytes),
    end() {
      // Of a body that is no whole document nothing is believed: its numbers may be of something else.
      if (scanner.complete) format.answer(scanner.facts, answer);
    },
    get malformed() {
      return scanner.complete ? 0 : 1;
    },
    get oversized() {
      return scanner.oversized;
    },
    get isBroken() {
      return !scanner.complete;
    },
  };
}
