import { drop, guarded } from '../../../src/observe.ts';
import { contentRules, type ModelContent } from '../../../src/recorders/content.ts';
import type { Framing } from '../body-reader.ts';
import type { Format } from '../formats/format.ts';
import { Draft } from './draft.ts';
import { Lines } from './lines.ts';
import { list, loose } from './parts.ts';
import { type ContentReader, READERS } from './readers.ts';

/** Longest body, and longest event of a stream, that is looked into: pictures make bodies long, and say nothing. */
const MAX_BODY = 1 << 20;

/** Keeps what is said in one exchange, as it passes; nothing is looked at before the exchange is over. */
export class ContentCapture {
  readonly #reader: ContentReader;
  readonly #draft: Draft;
  #request: Buffer[] = [];
  #requestLength = 0;
  #answer: Buffer[] = [];
  #answerLength = 0;
  #framing: Framing = 'opaque';
  #lines: Lines | undefined;

  constructor(reader: ContentReader, maxBytes: number) {
    this.#reader = reader;
    this.#draft = new Draft(maxBytes);
  }

  sending(chunk: Buffer): void {
    this.#requestLength += chunk.length;
    // A copy: the bytes are the application's, which may use them again.
    if (this.#requestLength <= MAX_BODY) this.#request.push(Buffer.from(chunk));
    else this.#request = [];
  }

  /** The answer begins. */
  answered(framing: Framing): void {
    this.#framing = framing;
    if (framing === 'events' || framing === 'lines') {
      this.#lines = new Lines(MAX_BODY, framing === 'events', (text) => this.#event(text));
    }
  }

  /** Bytes of the answer, as they are after decoding. */
  received(bytes: Buffer): void {
    if (this.#lines !== undefined) this.#lines.feed(bytes);
    else if (this.#framing === 'document') {
      this.#answerLength += bytes.length;
      if (this.#answerLength <= MAX_BODY) this.#answer.push(Buffer.from(bytes));
      else this.#answer = [];
    }
  }

  /** A document of a stream that has frames of its own. */
  framed(bytes: Buffer, event: string): void {
    this.#event(bytes.toString('utf8'), event);
  }

  /** What was said; an answer that ended early has said what there was until then. */
  content(): ModelContent {
    if (this.#requestLength > MAX_BODY || this.#answerLength > MAX_BODY) drop('oversized_value');
    const body = documentOf(Buffer.concat(this.#request).toString('utf8'));
    let asked: ModelContent = {};
    guarded('reading content', () => {
      if (body !== undefined) asked = this.#reader.input(loose(body));
    });
    this.#lines?.end();
    if (this.#answer.length > 0) this.#event(Buffer.concat(this.#answer).toString('utf8'));
    if (this.#draft.isCut) drop('oversized_value');
    const { system, input } = asked;
    return {
      system: system === undefined || system.length === 0 ? undefined : system,
      input: input === undefined || input.length === 0 ? undefined : input,
      output: this.#draft.messages(),
    };
  }

  #event(text: string, event = ''): void {
    const document = documentOf(text.charCodeAt(0) === MARK ? text.slice(1) : text);
    if (document === undefined) return;
    guarded('reading content', () => {
      for (const one of Array.isArray(document) ? list(document) : [document]) {
        this.#reader.output(loose(one), this.#draft, event);
      }
    });
  }
}

const MARK = 0xfeff;

function documentOf(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** What captures an exchange of this format, if content is wanted and it has any. */
export function captureOf(format: Format): ContentCapture | undefined {
  const rules = contentRules();
  if (rules === undefined) return undefined;
  const reader = READERS.get(format);
  return reader === undefined ? undefined : new ContentCapture(reader, rules.maxBytes);
}
