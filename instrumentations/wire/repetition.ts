import type { Format } from './formats/format.ts';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

const HEAD_BYTES = 16;
const TAIL_BYTES = 16;
const MAX_HEAD = 64;
const MAX_TAIL = 96;
/** A last string longer than this is text, and then the event is parsed. */
const MAX_LAST_STRING = 64;
const FINISH_REASON = Buffer.from('"finish_reason"');

/**
 * Recognises a streamed event that differs from one already parsed by nothing but its text, so that a stream of
 * thousands of them costs some byte comparisons each. It compares how an event begins and how it ends before its last
 * string, and demands that what could tell something lies in the compared bytes: the event's name, or the place of
 * `finish_reason`. Whatever is not alike is parsed; the comparison never decides what an event says.
 */
export class Repetition {
  readonly #kind: NonNullable<Format['repetition']>;
  readonly #head = new Uint8Array(MAX_HEAD);
  readonly #tail = new Uint8Array(MAX_TAIL);
  #headLength = 0;
  #tailLength = 0;
  /** Below this length a chunk cannot hold a second event. */
  #maxLength = 0;
  #minLength = Number.POSITIVE_INFINITY;

  constructor(kind: NonNullable<Format['repetition']>) {
    this.#kind = kind;
  }

  /** True when `chunk` is one whole event that tells nothing new. */
  matches(chunk: Buffer): boolean {
    const length = chunk.length;
    if (length >= this.#maxLength || length < this.#headLength + this.#tailLength) return false;
    if (chunk[length - 1] !== LINE_FEED || chunk[length - 2] !== LINE_FEED) return false;
    const end = endBeforeLastString(chunk);
    const tailLength = this.#tailLength;
    const start = end - tailLength;
    if (start < 0) return false;
    for (let at = tailLength - 1; at >= 0; at--) if (chunk[start + at] !== this.#tail[at]) return false;
    for (let at = this.#headLength - 1; at >= 0; at--) if (chunk[at] !== this.#head[at]) return false;
    return true;
  }

  /** Remembers a chunk that was parsed as exactly one event which told nothing but text. */
  learn(chunk: Buffer): void {
    const end = endBeforeLastString(chunk);
    if (end < 0) return;
    let headLength = HEAD_BYTES;
    let tailLength = TAIL_BYTES;
    if (this.#kind === 'event-name') {
      headLength = chunk.indexOf(LINE_FEED) + 1;
      if (chunk.toString('latin1', 0, 6) !== 'event:') return;
    } else {
      const marker = chunk.lastIndexOf(FINISH_REASON, end);
      if (marker < 0 || marker + FINISH_REASON.length > end) return;
      tailLength = end - marker;
    }
    if (headLength > MAX_HEAD || tailLength > MAX_TAIL || end < tailLength || chunk.length < headLength) return;
    this.#head.set(chunk.subarray(0, headLength));
    this.#tail.set(chunk.subarray(end - tailLength, end));
    this.#headLength = headLength;
    this.#tailLength = tailLength;
    this.#minLength = Math.min(this.#minLength, chunk.length);
    this.#maxLength = this.#minLength * 1.8;
  }
}

/** The index where the last string value begins, when the event ends in one; else where its last other value ends. */
function endBeforeLastString(chunk: Buffer): number {
  let at = chunk.length - 1;
  while (at >= 0) {
    const byte = chunk[at] as number;
    if (byte > SPACE && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET) break;
    at--;
  }
  if (chunk[at] !== QUOTE) return at + 1;
  const furthest = Math.max(0, at - MAX_LAST_STRING);
  for (let start = at - 1; start >= furthest; start--) {
    if (chunk[start] === QUOTE) return chunk[start - 1] === BACKSLASH ? -1 : start;
  }
  return -1;
}
