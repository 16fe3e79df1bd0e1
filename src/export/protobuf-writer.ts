/** A message that was written: a part of memory that it shares with others. */
export interface Written {
  readonly slab: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** How much memory is taken at once: that of some two hundred spans. */
const SLAB = 128 * 1024;
/** Longer texts are faster written by Node. */
const SHORT = 64;
/** The longest varint, and more than a tag takes. */
const MAX_VARINT = 10;

/** Whole numbers below this, and from its negative on, have a place in 64 bits. */
const MAX_INTEGER = 2 ** 63;

const NO_SLAB = Buffer.alloc(0);
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * Writes protobuf messages (https://protobuf.dev/programming-guides/encoding) one after the other. A message that waits
 * as bytes is nothing that the garbage collector has to follow or to move.
 */
export class ProtobufWriter {
  readonly #slabSize: number;
  #slab = NO_SLAB;
  #from = 0;
  #at = 0;

  constructor(slabSize = SLAB) {
    this.#slabSize = slabSize;
  }

  /** Begins a message; one that was begun before and not finished is forgotten. */
  begin(): void {
    this.#at = this.#from;
  }

  finish(): Written {
    if (this.#slab.length > this.#slabSize) return this.#finishLong();
    const written = { slab: this.#slab, from: this.#from, to: this.#at };
    this.#from = this.#at;
    return written;
  }

  /** Of a message that had to have a slab of its own, what is over is given back. */
  #finishLong(): Written {
    const slab = Buffer.allocUnsafeSlow(this.#at - this.#from);
    slab.set(this.#slab.subarray(this.#from, this.#at));
    this.#slab = NO_SLAB;
    this.#from = this.#at = 0;
    return { slab, from: 0, to: slab.length };
  }

  /**
   * Begins a message inside of this one; `close` is to be given what this returns, and the same `room`: as many bytes are
   * kept free for the length, and where it takes another number of them the message is moved.
   */
  open(field: number, room = 1): number {
    this.#tag(field, LENGTH);
    this.#at += room;
    return this.#at - this.#from;
  }

  close(opened: number, room = 1): void {
    this.#reserve(MAX_VARINT);
    const start = this.#from + opened;
    const length = this.#at - start;
    const size = varintSize(length);
    if (size !== room) this.#slab.copyWithin(start - room + size, start, this.#at);
    this.#at = start - room;
    this.#varint(length);
    this.#at += length;
  }

  /** Fields that were written before. */
  fields(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, LENGTH);
    this.#varint(bytes.length);
    this.fields(bytes);
  }

  /** Bytes that are given in hexadecimal digits; none where the application gave something else. */
  hex(field: number, digits: string): void {
    const length = typeof digits === 'string' ? digits.length >>> 1 : 0;
    this.#tag(field, LENGTH);
    this.#reserve(MAX_VARINT + length);
    this.#varint(length);
    const slab = this.#slab;
    const at = this.#at;
    for (let i = 0; i < length; i++) {
      slab[at + i] = (nibble(digits.charCodeAt(2 * i)) << 4) | nibble(digits.charCodeAt(2 * i + 1));
    }
    this.#at = at + length;
  }

  text(field: number, text: string): void {
    this.#tag(field, LENGTH);
    if (text.length < SHORT && this.#shortText(text)) return;
    const length = Buffer.byteLength(text);
    this.#reserve(MAX_VARINT + length);
    this.#varint(length);
    this.#at += this.#slab.write(text, this.#at);
  }

  /** A whole number; 0 for anything that is none, or has no place in 64 bits. */
  varint(field: number, value: number): void {
    this.#tag(field, VARINT);
    const isPossible = hasVarint(value);
    if (!isPossible || value >= 0) return this.#varint(isPossible ? value : 0);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#slab[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#slab[this.#at++] = Number(rest);
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#at = this.#slab.writeDoubleLE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, FIXED32);
    this.#word(value);
  }

  /** Nanoseconds since 1970. They are beyond what a number holds exactly, their halves are not. */
  time(field: number, [seconds, nanoseconds]: readonly [number, number]): void {
    this.#tag(field, FIXED64);
    const high = Math.floor(seconds / 0x10000) * 1e9;
    const low = (high % 0x10000) * 0x10000 + (seconds % 0x10000) * 1e9 + nanoseconds;
    this.#word(low % 0x100000000);
    this.#word(Math.floor(high / 0x10000) + Math.floor(low / 0x100000000));
  }

  #word(value: number): void {
    const slab = this.#slab;
    slab[this.#at++] = value;
    slab[this.#at++] = value >>> 8;
    slab[this.#at++] = value >>> 16;
    slab[this.#at++] = value >>> 24;
  }

  /** False where it is longer in bytes than in characters; it is not written then. */
  #shortText(text: string): boolean {
    const { length } = text;
    this.#reserve(SHORT + 1);
    const slab = this.#slab;
    let at = this.#at;
    slab[at++] = length;
    for (let i = 0; i < length; i++) {
      const character = text.charCodeAt(i);
      if (character > 0x7f) return false;
      slab[at++] = character;
    }
    this.#at = at;
    return true;
  }

  #tag(field: number, type: number): void {
    // And for a number behind it.
    this.#reserve(2 * MAX_VARINT);
    this.#varint((field << 3) | type);
  }

  /** Of a number that is not negative; there is room. */
  #varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#slab[this.#at++] = (rest % 0x80) | 0x80;
    this.#slab[this.#at++] = rest;
  }

  /** What was written of this message goes along to a new slab; the messages before it keep theirs. */
  #reserve(length: number): void {
    if (this.#at + length <= this.#slab.length) return;
    const written = this.#at - this.#from;
    const slab = Buffer.allocUnsafeSlow(Math.max(this.#slabSize, 2 * (written + length)));
    slab.set(this.#slab.subarray(this.#from, this.#at));
    this.#slab = slab;
    this.#from = 0;
    this.#at = written;
  }
}

/** True for a whole number that has a place in 64 bits. */
export function hasVarint(value: number): boolean {
  return Number.isInteger(value) && value >= -MAX_INTEGER && value < MAX_INTEGER;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Of a digit of either case; without a branch, which on digits at random is guessed wrong every third time. */
function nibble(character: number): number {
  return (character & 0xf) + 9 * (character >> 6);
}
