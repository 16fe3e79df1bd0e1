import type { Answer, Format } from './formats/format.ts';
import type { CompiledFields } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';

const LINE_FEED = 0x0a;

/** Reads a stream of JSON documents, one a line; memory is constant. */
export class JsonLines {
  /** Lines that were no JSON. */
  malformed = 0;
  readonly #format: Format;
  readonly #answer: Answer;
  readonly #scanner: JsonScanner;

  constructor(format: Format, fields: CompiledFields, answer: Answer) {
    this.#format = format;
    this.#answer = answer;
    this.#scanner = new JsonScanner(fields);
  }

  get oversized(): number {
    return this.#scanner.oversized;
  }

  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const found = chunk.indexOf(LINE_FEED, at);
      const end = found === -1 ? chunk.length : found + 1;
      // With its line feed, which ends what may be no document at all.
      this.#scanner.feed(chunk, at, end);
      if (found === -1) return;
      // A document that is not over yet goes on: some servers indent what they send.
      if (this.#scanner.complete || this.#scanner.malformed) this.#endOfDocument();
      at = end;
    }
  }

  end(): void {
    if (!this.#scanner.isBlank) this.#endOfDocument();
  }

  #endOfDocument(): void {
    if (this.#scanner.complete) this.#format.answer(this.#scanner.facts, this.#answer);
    else this.malformed++;
    this.#scanner.reset();
  }
}
