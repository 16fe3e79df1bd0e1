import { fieldsOf } from './body-reader.ts';
import type { Format } from './formats/format.ts';
import type { Facts } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';
import { MultipartReader } from './multipart.ts';

/** Reads the body of a request as it is sent. */
export interface RequestReader {
  readonly facts: Facts;
  /** Wanted values that were too long to be what they should be. */
  readonly oversized: number;
  feed(bytes: Buffer): void;
}

const DASH = 0x2d;

/** A reader that finds out itself what kind of body comes: no JSON document of a request begins with a dash, a form does. */
export function createRequestReader(format: Format): RequestReader {
  let reader: RequestReader | undefined;
  return {
    get facts() {
      return reader?.facts ?? {};
    },
    get oversized() {
      return reader?.oversized ?? 0;
    },
    feed(bytes) {
      if (bytes.length === 0) return;
      reader ??= bytes[0] === DASH ? new MultipartReader(format.request) : new JsonScanner(fieldsOf(format).request);
      reader.feed(bytes);
    },
  };
}
