import { fieldsOf } from './body-reader.ts';
import type { Format } from './formats/format.ts';
import type { Facts } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';
import { MultipartReader } from './multipart.ts';

const DASH = 0x2d;

const NOTHING: Facts = {};

/** Finds out itself what kind of body comes: no JSON document of a request begins with a dash, a form does. */
export class RequestReader {
  readonly #format: Format;
  #reader: JsonScanner | MultipartReader | undefined;

  constructor(format: Format) {
    this.#format = format;
  }

  get facts(): Facts {
    return this.#reader?.facts ?? NOTHING;
  }

  /** Wanted values that were too long to be what they should be. */
  get oversized(): number {
    return this.#reader?.oversized ?? 0;
  }

  feed(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#reader ??=
      bytes[0] === DASH ? new MultipartReader(this.#format.request) : new JsonScanner(fieldsOf(this.#format).request);
    this.#reader.feed(bytes);
  }
}
