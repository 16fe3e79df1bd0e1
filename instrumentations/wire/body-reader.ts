import { EventFrames, type FrameListener } from './event-frames.ts';
import { EventStream } from './event-stream.ts';
import type { Answer, Format } from './formats/format.ts';
import { type CompiledFields, compileFields } from './json-fields.ts';
import { JsonLines } from './json-lines.ts';
import { JsonScanner } from './json-scanner.ts';

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

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Takes away the mark that some servers put before a text. */
class ByteOrderMark {
  #seen = 0;

  /** What of these bytes is not part of it. */
  skip(bytes: Buffer): Buffer {
    if (this.#seen === BYTE_ORDER_MARK.length) return bytes;
    let from = 0;
    while (from < bytes.length && bytes[from] === BYTE_ORDER_MARK[this.#seen]) {
      this.#seen++;
      from++;
    }
    if (from < bytes.length) this.#seen = BYTE_ORDER_MARK.length;
    return from === 0 ? bytes : bytes.subarray(from);
  }
}

/** Reads an answer that is one JSON document. */
class DocumentReader implements BodyReader {
  readonly #mark = new ByteOrderMark();
  readonly #format: Format;
  readonly #answer: Answer;
  readonly #scanner: JsonScanner;

  constructor(format: Format, answer: Answer) {
    this.#format = format;
    this.#answer = answer;
    this.#scanner = new JsonScanner(fieldsOf(format).response);
  }

  feed(bytes: Buffer): void {
    this.#scanner.feed(this.#mark.skip(bytes));
  }

  end(): void {
    // Of a body that is no whole document nothing is believed: its numbers may be of something else.
    if (this.#scanner.complete) this.#format.answer(this.#scanner.facts, this.#answer);
  }

  get malformed(): number {
    return this.#scanner.complete ? 0 : 1;
  }

  get oversized(): number {
    return this.#scanner.oversized;
  }

  get isBroken(): boolean {
    return !this.#scanner.complete;
  }
}

/** Reads an answer that is a stream of texts. */
class StreamReader implements BodyReader {
  readonly isBroken = false;
  readonly #mark = new ByteOrderMark();
  readonly #stream: EventStream | JsonLines;

  constructor(stream: EventStream | JsonLines) {
    this.#stream = stream;
  }

  feed(bytes: Buffer): void {
    this.#stream.feed(this.#mark.skip(bytes));
  }

  end(): void {
    this.#stream.end();
  }

  get malformed(): number {
    return this.#stream.malformed;
  }

  get oversized(): number {
    return this.#stream.oversized;
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/;
const JSON_LINES_TYPE = /^application\/(?:x-ndjson|ndjson|x-jsonlines|jsonl|jsonlines|stream\+json)\b/;

/** How the bytes of an answer hold what it says; `opaque` where they say nothing that is wanted. */
export type Framing = 'events' | 'lines' | 'frames' | 'document' | 'opaque';

/** The framing of a successful answer. Proxies send streams under other names; HTML is no answer of a model. */
export function framingOf(format: Format, contentType: string, isStreamAskedFor: boolean): Framing {
  if (contentType.startsWith('text/event-stream')) return 'events';
  // Most answers, which need no expression to be tried.
  if (contentType === 'application/json' && !isStreamAskedFor) return 'document';
  if (contentType.startsWith('application/vnd.amazon.eventstream')) return 'frames';
  if (JSON_LINES_TYPE.test(contentType)) return 'lines';
  if (contentType.startsWith('text/html')) return 'document';
  if (isStreamAskedFor && format.lines === true) return 'lines';
  if (JSON_TYPE.test(contentType)) return 'document';
  if (isStreamAskedFor) return 'events';
  return format.opaque === true ? 'opaque' : 'document';
}

/** A reader for the body. Without a content type that says so, only a whole JSON document is taken for an answer. */
export function createBodyReader(
  format: Format,
  framing: Framing,
  answer: Answer,
  onFrame?: FrameListener,
): BodyReader {
  if (framing === 'frames') return new EventFrames(format, fieldsOf(format).event, answer, onFrame);
  if (framing === 'events') return new StreamReader(new EventStream(format, fieldsOf(format).event, answer));
  if (framing === 'lines') return new StreamReader(new JsonLines(format, fieldsOf(format).event, answer));
  return new DocumentReader(format, answer);
}
