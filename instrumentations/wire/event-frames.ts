import { crc32 } from 'node:zlib';
import { type Answer, addError, type Format } from './formats/format.ts';
import type { CompiledFields } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';

const PRELUDE = 12;
const CHECKSUM = 4;
/** Longest frame that is read; AWS allows 16 MB, which only holds content. */
const MAX_FRAME = 1 << 20;
/** Longest block of headers that is read. */
const MAX_HEADERS = 4096;
const STRING = 7;
/** Bytes of the values of other types, by the number of the type; strings and bytes have their length before them. */
const SIZES = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];
const QUOTE = 0x22;
const BYTES = Buffer.from('"bytes"');

/** Receives the document of a frame, and what kind of event it is. */
export type FrameListener = (document: Buffer, event: string) => void;

/**
 * Reads Amazon's event stream (`application/vnd.amazon.eventstream`): frames with their lengths, headers, one JSON document
 * and checksums. Of a frame that is wrong nothing is believed, and nothing after it, because its length may be wrong.
 */
export class EventFrames {
  /** Frames that are none, and documents in them that are none. */
  malformed = 0;
  readonly isBroken = false;
  readonly #format: Format;
  readonly #answer: Answer;
  readonly #scanner: JsonScanner;
  readonly #onDocument: FrameListener | undefined;
  #held: Buffer | undefined;
  #heldLength = 0;
  /** Bytes of a frame too long to be read that are still to come. */
  #skipping = 0;
  #isLost = false;
  #tooLong = 0;

  constructor(format: Format, fields: CompiledFields, answer: Answer, onDocument?: FrameListener) {
    this.#format = format;
    this.#answer = answer;
    this.#onDocument = onDocument;
    this.#scanner = new JsonScanner(fields);
  }

  get oversized(): number {
    return this.#scanner.oversized + this.#tooLong;
  }

  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#isLost) {
      if (this.#skipping > 0) {
        const skipped = Math.min(this.#skipping, chunk.length - at);
        this.#skipping -= skipped;
        at += skipped;
      } else if (this.#heldLength > 0) at += this.#complete(chunk, at);
      else at += this.#read(chunk, at);
    }
  }

  end(): void {
    if (this.#isLost || (this.#heldLength === 0 && this.#skipping === 0)) return;
    this.malformed++;
    this.#isLost = true;
  }

  /** Reads the frame that begins here if it is whole, else keeps what there is of it. Returns the bytes taken. */
  #read(chunk: Buffer, at: number): number {
    const rest = chunk.length - at;
    if (rest < PRELUDE) return this.#hold(chunk, at, rest, PRELUDE);
    const length = this.#lengthOf(chunk, at);
    if (length === 0) return rest;
    if (length > MAX_FRAME) {
      this.#tooLong++;
      this.#skipping = length;
      return 0;
    }
    if (rest < length) return this.#hold(chunk, at, rest, length);
    this.#frame(chunk.subarray(at, at + length));
    return length;
  }

  /** Adds to the frame of which there is a part. */
  #complete(chunk: Buffer, at: number): number {
    const held = this.#held as Buffer;
    const added = chunk.copy(held, this.#heldLength, at, Math.min(chunk.length, at + held.length - this.#heldLength));
    this.#heldLength += added;
    if (this.#heldLength < held.length) return added;
    this.#heldLength = 0;
    this.#held = undefined;
    // Of a prelude alone it is only now known how long its frame is.
    const taken = this.#read(held, 0);
    if (taken === 0) this.#skipping -= held.length;
    return added;
  }

  #hold(chunk: Buffer, at: number, rest: number, length: number): number {
    this.#held = Buffer.allocUnsafe(length);
    this.#heldLength = chunk.copy(this.#held, 0, at, at + rest);
    return rest;
  }

  /** The length of the frame that begins here; 0 if none does. */
  #lengthOf(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    const headers = bytes.readUInt32BE(at + 4);
    const isRight = crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32BE(at + 8);
    if (isRight && length >= PRELUDE + headers + CHECKSUM) return length;
    this.malformed++;
    this.#isLost = true;
    return 0;
  }

  #frame(frame: Buffer): void {
    const end = frame.length - CHECKSUM;
    const headersLength = frame.readUInt32BE(4);
    if (headersLength > MAX_HEADERS || crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end)) {
      this.malformed++;
      this.#isLost = true;
      return;
    }
    const headers = readHeaders(frame.subarray(PRELUDE, PRELUDE + headersLength));
    const exception = headers.get(':exception-type') ?? headers.get(':error-code');
    if (exception !== undefined) {
      // A stream writes the names of its members, which begin small, where an answer writes the names of their types.
      addError(this.#answer, exception.charAt(0).toUpperCase() + exception.slice(1), exception);
      return;
    }
    const event = headers.get(':event-type') ?? '';
    const payload = frame.subarray(PRELUDE + headersLength, end);
    // These hold nothing but content.
    if (event.startsWith('contentBlock')) this.#onDocument?.(payload, event);
    else this.#payload(event, payload);
  }

  #payload(event: string, payload: Buffer): void {
    const scanner = this.#scanner;
    scanner.reset();
    const document = event === 'chunk' ? documentIn(payload) : payload;
    this.#onDocument?.(document, event);
    scanner.feed(document);
    if (!scanner.complete) this.malformed++;
    else this.#format.answer({ ...scanner.facts, event }, this.#answer);
  }
}

/** What a model wrote itself, which Bedrock passes on as the one text of a document. */
function documentIn(payload: Buffer): Buffer {
  const name = payload.indexOf(BYTES);
  const from = name === -1 ? -1 : payload.indexOf(QUOTE, name + BYTES.length) + 1;
  const to = from <= 0 ? -1 : payload.indexOf(QUOTE, from);
  return to === -1 ? payload : Buffer.from(payload.toString('latin1', from, to), 'base64');
}

function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at + 2 <= bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    const name = bytes.toString('latin1', at + 1, nameEnd);
    const type = bytes[nameEnd];
    at = nameEnd + 1;
    let size = SIZES[type ?? 0] as number | undefined;
    if (size === -1 && at + 2 <= bytes.length) {
      size = bytes.readUInt16BE(at);
      at += 2;
    }
    if (type === undefined || size === undefined || size < 0 || at + size > bytes.length) break;
    if (type === STRING) headers.set(name, bytes.toString('utf8', at, at + size));
    at += size;
  }
  return headers;
}
