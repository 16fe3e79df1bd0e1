import { endsScalar, IS_PLAIN, isAt } from './bytes.ts';
import type { CompiledFields, Facts } from './json-fields.ts';
import { JsonSkipper } from './json-skipper.ts';
import { forget, MALFORMED_SCALAR, MAX_WANTED, readScalar, readText, TOO_LONG, take } from './json-values.ts';

// States, as numbers: the scanner is the hot loop.
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY_OR_END = 2;
const KEY = 3;
const KEY_STRING = 4;
const COLON = 5;
const COMMA_OR_END = 6;
const STRING = 7;
const WANTED_STRING = 8;
const SCALAR = 9;
const SKIP = 10;
const DONE = 11;
const MALFORMED = 12;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON_BYTE = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds the wanted values of a JSON document that arrives in pieces, without building it: what is not wanted is skipped
 * (strings by native search), memory is constant, and nothing is ever thrown. Wanted regions are checked strictly,
 * skipped ones only for balance.
 */
export class JsonScanner {
  facts: Facts;
  /** Wanted values that were too long to be what they should be. */
  oversized = 0;
  readonly #root: CompiledFields;
  /** What came before of a key or a value that goes on in the next piece; most do not. */
  #scratch: Buffer | undefined;
  #length = 0;
  #escaped = false;
  #sawEscape = false;
  #state = VALUE;
  #wanted: CompiledFields | undefined;
  readonly #skipper = new JsonSkipper();
  readonly #nodes: CompiledFields[] = [];
  readonly #arrays: boolean[] = [];
  /** Nodes whose key has come. */
  readonly #met: CompiledFields[] = [];

  constructor(root: CompiledFields) {
    this.#root = root;
    this.#wanted = root;
    this.facts = { ...root.unknown };
  }

  /** Starts over with the next document. */
  reset(): void {
    this.facts = { ...this.#root.unknown };
    this.#state = VALUE;
    this.#wanted = this.#root;
    this.#skipper.reset();
    this.#length = 0;
    this.#escaped = false;
    this.#nodes.length = 0;
    this.#arrays.length = 0;
    this.#met.length = 0;
  }

  /** True once one whole document was read and nothing but white space came after it. */
  get complete(): boolean {
    return this.#state === DONE;
  }

  /** True when this can be no JSON document, however it goes on. */
  get malformed(): boolean {
    return this.#state === MALFORMED;
  }

  /** True while there was nothing but white space. */
  get isBlank(): boolean {
    return this.#state === VALUE && this.#nodes.length === 0;
  }

  feed(bytes: Buffer, from = 0, to = bytes.length): void {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case SKIP:
        case STRING: {
          const end = this.#state === SKIP ? this.#skipper.nested(bytes, at, to) : this.#skipper.string(bytes, at, to);
          if (end < 0) return;
          at = end;
          this.#afterValue();
          break;
        }
        case KEY_STRING:
        case WANTED_STRING:
          at = this.#readString(bytes, at, to);
          break;
        case SCALAR:
          at = this.#readScalar(bytes, at, to);
          break;
        case MALFORMED:
          return;
        default: {
          const byte = bytes[at++] as number;
          if (byte > 0x20) {
            this.#structure(byte);
            // The first byte of a number or a word is part of it.
            if (this.#state === SCALAR) at--;
          } else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#state = MALFORMED;
        }
      }
    }
  }

  #structure(byte: number): void {
    switch (this.#state) {
      case VALUE:
        return this.#value(byte);
      case VALUE_OR_END:
        return byte === CLOSE_BRACKET ? this.#close(true) : this.#value(byte);
      case KEY_OR_END:
        if (byte === CLOSE_BRACE) return this.#close(false);
        return this.#key(byte);
      case KEY:
        return this.#key(byte);
      case COLON:
        this.#state = byte === COLON_BYTE ? VALUE : MALFORMED;
        return;
      case COMMA_OR_END:
        if (byte === CLOSE_BRACE) return this.#close(false);
        if (byte === CLOSE_BRACKET) return this.#close(true);
        if (byte !== COMMA) {
          this.#state = MALFORMED;
          return;
        }
        if (this.#arrays[this.#arrays.length - 1]) {
          this.#wanted = this.#nodes[this.#nodes.length - 1]?.element;
          this.#state = VALUE;
        } else this.#state = KEY;
        return;
      default:
        this.#state = MALFORMED;
    }
  }

  #key(byte: number): void {
    this.#state = byte === QUOTE ? KEY_STRING : MALFORMED;
    this.#length = 0;
    this.#sawEscape = false;
  }

  #value(byte: number): void {
    const wanted = this.#wanted;
    if (byte === QUOTE) {
      if (wanted?.presence !== undefined) this.facts[wanted.presence] = true;
      this.#state = wanted?.fact === undefined ? STRING : WANTED_STRING;
      this.#length = 0;
      this.#sawEscape = false;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      const isArray = byte === OPEN_BRACKET;
      if (wanted?.presence !== undefined) this.facts[wanted.presence] = true;
      if (wanted === undefined || (isArray ? wanted.element === undefined : wanted.keys.length === 0)) {
        this.#state = SKIP;
        this.#skipper.begin();
        return;
      }
      this.#nodes.push(wanted);
      this.#arrays.push(isArray);
      this.#wanted = wanted.element;
      this.#state = isArray ? VALUE_OR_END : KEY_OR_END;
    } else {
      this.#length = 0;
      this.#state = SCALAR;
    }
  }

  #close(isArray: boolean): void {
    if (this.#arrays[this.#arrays.length - 1] !== isArray) {
      this.#state = MALFORMED;
      return;
    }
    this.#nodes.pop();
    this.#arrays.pop();
    this.#afterValue();
  }

  #afterValue(): void {
    this.#state = this.#nodes.length === 0 ? DONE : COMMA_OR_END;
  }

  #readString(bytes: Buffer, from: number, to: number): number {
    if (this.#length === 0 && !this.#escaped && !this.#sawEscape) {
      let at = from;
      while (at < to && IS_PLAIN[bytes[at] as number] === 1) at++;
      if (at < to && bytes[at] === QUOTE) {
        this.#endOfString(bytes, from, at - from);
        return at + 1;
      }
    }
    return this.#gatherString(bytes, from, to);
  }

  /** Of a string with escapes, or one in several pieces. */
  #gatherString(bytes: Buffer, from: number, to: number): number {
    this.#scratch ??= Buffer.allocUnsafe(MAX_WANTED);
    const scratch = this.#scratch;
    let length = this.#length;
    let isEscaped = this.#escaped;
    let at = from;
    while (at < to) {
      const byte = bytes[at++] as number;
      if (isEscaped) isEscaped = false;
      else if (byte === QUOTE) {
        this.#escaped = false;
        this.#endOfString(scratch, 0, length);
        return at;
      } else if (byte === BACKSLASH || byte < SPACE) {
        isEscaped = byte === BACKSLASH;
        // Control characters are not allowed: what looks at escapes will refuse them.
        this.#sawEscape = true;
      }
      if (length < MAX_WANTED) scratch[length] = byte;
      length++;
    }
    this.#length = length;
    this.#escaped = isEscaped;
    return at;
  }

  #endOfString(bytes: Buffer, from: number, length: number): void {
    if (this.#state === KEY_STRING) this.#endOfKey(bytes, from, length);
    else this.#endOfWantedString(bytes, from, length);
  }

  #endOfKey(bytes: Buffer, from: number, length: number): void {
    this.#state = COLON;
    this.#wanted = undefined;
    // Nobody writes a wanted key with escapes; one that does is not understood rather than misread.
    const keys = this.#nodes[this.#nodes.length - 1]?.keys;
    if (this.#sawEscape || keys === undefined) return;
    for (let index = 0; index < keys.length; index++) {
      const { bytes: key, node } = keys[index] as CompiledFields['keys'][number];
      if (key.length !== length || !isAt(bytes, from, key)) continue;
      this.#wanted = node;
      // A key that comes twice replaces its first value whole, as `JSON.parse` has it; elements of a list only add.
      if (!this.#met.includes(node)) this.#met.push(node);
      else if (!this.#arrays.includes(true)) forget(this.facts, node.within);
      return;
    }
  }

  #endOfWantedString(bytes: Buffer, from: number, length: number): void {
    const fact = this.#wanted?.fact as string;
    this.#afterValue();
    if (length > MAX_WANTED) {
      this.oversized++;
      return;
    }
    const text = readText(bytes, from, length, this.#sawEscape);
    if (text === undefined) this.#state = MALFORMED;
    else take(this.facts, fact, text);
  }

  #readScalar(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !endsScalar(bytes[at] as number)) at++;
    if (at < to && this.#length === 0) {
      this.#endOfScalar(bytes, from, at - from);
      return at;
    }
    this.#scratch ??= Buffer.allocUnsafe(MAX_WANTED);
    if (this.#length < MAX_WANTED) bytes.copy(this.#scratch, this.#length, from, at);
    this.#length += at - from;
    if (at < to) this.#endOfScalar(this.#scratch, 0, this.#length);
    return at;
  }

  #endOfScalar(bytes: Buffer, from: number, length: number): void {
    const fact = this.#wanted?.fact;
    this.#afterValue();
    const value = length === 0 ? MALFORMED_SCALAR : readScalar(bytes, from, length);
    if (value === MALFORMED_SCALAR) this.#state = MALFORMED;
    else if (fact === undefined || value === null) return;
    else if (value === TOO_LONG) this.oversized++;
    else take(this.facts, fact, value);
  }
}
