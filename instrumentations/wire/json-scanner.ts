/**
 * Which values of a JSON document are wanted: keys lead to further keys, `*` to the elements of an array, and a string
 * names the fact that the value becomes. A name ending in `[]` collects several.
 */
export interface Fields {
  readonly [key: string]: Fields | string;
}

/** The wanted values of one document. */
export type Facts = Record<string, string | number | boolean | string[] | undefined>;

interface Node {
  readonly keys: readonly { readonly bytes: Uint8Array; readonly node: Node }[];
  readonly element: Node | undefined;
  readonly fact: string | undefined;
  /** The facts of this value and of all within. */
  readonly within: readonly string[];
}

/** `Fields` in the form that the scanner walks. */
export type CompiledFields = Node;

export function compileFields(fields: Fields | string): CompiledFields {
  if (typeof fields === 'string') return { keys: [], element: undefined, fact: fields, within: [fields] };
  const { '*': wantedElement, ...wantedKeys } = fields;
  const keys = Object.entries(wantedKeys).map(([key, value]) => ({
    bytes: Buffer.from(key),
    node: compileFields(value),
  }));
  const element = wantedElement === undefined ? undefined : compileFields(wantedElement);
  const within = [...keys.flatMap(({ node }) => node.within), ...(element?.within ?? [])];
  return { keys, element, fact: undefined, within };
}

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
const SKIP_STRING = 11;
const DONE = 12;
const MALFORMED = 13;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON_BYTE = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Longest wanted string or number in bytes; a longer one is no name, id or count. */
const MAX_WANTED = 512;
/** Most values that a collecting fact takes. */
const MAX_COLLECTED = 16;
/** Strings shorter than this are cheaper to walk than to search natively. */
const SHORT_STRING = 24;

/** How a number too long to be kept begins. */
const DIGITS = /^-?\d[\d.eE+-]*$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Finds the wanted values of a JSON document that arrives in pieces, without building it: what is not wanted is skipped
 * (strings by native search), memory is constant, and nothing is ever thrown. Wanted regions are checked strictly,
 * skipped ones only for balance.
 */
export class JsonScanner {
  facts: Facts = {};
  /** Wanted values that were too long to be what they should be. */
  oversized = 0;
  readonly #root: Node;
  readonly #scratch = new Uint8Array(MAX_WANTED);
  #length = 0;
  #escaped = false;
  #sawEscape = false;
  #state = VALUE;
  #wanted: Node | undefined;
  #depth = 0;
  readonly #nodes: Node[] = [];
  readonly #arrays: boolean[] = [];

  constructor(root: CompiledFields) {
    this.#root = root;
    this.#wanted = root;
  }

  /** Starts over with the next document. */
  reset(): void {
    this.facts = {};
    this.#state = VALUE;
    this.#wanted = this.#root;
    this.#depth = 0;
    this.#length = 0;
    this.#escaped = false;
    this.#nodes.length = 0;
    this.#arrays.length = 0;
  }

  /** True once one whole document was read and nothing but white space came after it. */
  get complete(): boolean {
    return this.#state === DONE;
  }

  /** True when this can be no JSON document, however it goes on. */
  get malformed(): boolean {
    return this.#state === MALFORMED;
  }

  feed(bytes: Buffer, from = 0, to = bytes.length): void {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case SKIP:
          at = this.#skip(bytes, at, to);
          break;
        case SKIP_STRING:
        case STRING: {
          const next = this.#endOfString(bytes, at, to);
          if (next < 0) return;
          at = next;
          if (this.#state === SKIP_STRING) this.#state = SKIP;
          else this.#afterValue();
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
          if (byte > 0x20) this.#structure(byte);
          else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#state = MALFORMED;
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
      this.#state = wanted?.fact === undefined ? STRING : WANTED_STRING;
      this.#length = 0;
      this.#sawEscape = false;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      const isArray = byte === OPEN_BRACKET;
      if (wanted === undefined || (isArray ? wanted.element === undefined : wanted.keys.length === 0)) {
        this.#state = SKIP;
        this.#depth = 1;
        return;
      }
      this.#nodes.push(wanted);
      this.#arrays.push(isArray);
      this.#wanted = wanted.element;
      this.#state = isArray ? VALUE_OR_END : KEY_OR_END;
    } else {
      this.#scratch[0] = byte;
      this.#length = 1;
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

  /** Walks an unwanted object or array; only brackets and strings matter there. */
  #skip(bytes: Buffer, from: number, to: number): number {
    let depth = this.#depth;
    let at = from;
    while (at < to) {
      const byte = bytes[at++] as number;
      if (byte === QUOTE) {
        const next = this.#endOfString(bytes, at, to);
        if (next < 0) {
          this.#depth = depth;
          this.#state = SKIP_STRING;
          return to;
        }
        at = next;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) {
        this.#afterValue();
        return at;
      }
    }
    this.#depth = depth;
    return at;
  }

  /** The index after the closing quote, or -1 when the string goes on in the next piece. */
  #endOfString(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    for (const near = Math.min(at + SHORT_STRING, to); at < near; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH && ++at >= to) {
        this.#escaped = true;
        return -1;
      }
    }
    while (at < to) {
      const quote = bytes.indexOf(QUOTE, at);
      const end = quote === -1 || quote >= to ? to : quote;
      let backslashes = 0;
      while (end - 1 - backslashes >= at && bytes[end - 1 - backslashes] === BACKSLASH) backslashes++;
      const isEscaped = backslashes % 2 === 1;
      if (end === to) {
        this.#escaped = isEscaped;
        return -1;
      }
      at = end + 1;
      if (!isEscaped) return at;
    }
    return -1;
  }

  #readString(bytes: Buffer, from: number, to: number): number {
    const scratch = this.#scratch;
    let at = from;
    while (at < to) {
      const byte = bytes[at++] as number;
      if (this.#escaped) this.#escaped = false;
      else if (byte === QUOTE) {
        if (this.#state === KEY_STRING) this.#endOfKey();
        else this.#endOfWantedString();
        return at;
      } else if (byte === BACKSLASH) {
        this.#escaped = true;
        this.#sawEscape = true;
      } else if (byte < SPACE) {
        // Not allowed in a string; what looks at escapes will refuse it.
        this.#sawEscape = true;
      }
      if (this.#length < MAX_WANTED) scratch[this.#length] = byte;
      this.#length++;
    }
    return at;
  }

  #endOfKey(): void {
    this.#state = COLON;
    this.#wanted = undefined;
    const keys = this.#nodes[this.#nodes.length - 1]?.keys ?? [];
    if (this.#sawEscape) {
      // Nobody writes a wanted key with escapes; one that does is not understood rather than misread.
      return;
    }
    for (const { bytes, node } of keys) {
      if (bytes.length === this.#length && this.#scratchStartsWith(bytes)) {
        this.#wanted = node;
        this.#forget(node);
        return;
      }
    }
  }

  /** A key that comes twice replaces its first value whole, as `JSON.parse` has it; elements of a list only add. */
  #forget(node: Node): void {
    if (this.#arrays.includes(true)) return;
    for (const fact of node.within) if (this.facts[fact] !== undefined) this.facts[fact] = undefined;
  }

  #scratchStartsWith(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at++) if (this.#scratch[at] !== bytes[at]) return false;
    return true;
  }

  #endOfWantedString(): void {
    const fact = this.#wanted?.fact as string;
    this.#afterValue();
    if (this.#length > MAX_WANTED) {
      this.oversized++;
      return;
    }
    const text = Buffer.from(this.#scratch.buffer, 0, this.#length).toString('utf8');
    if (!this.#sawEscape) return this.#take(fact, text);
    try {
      this.#take(fact, JSON.parse(`"${text}"`) as string);
    } catch {
      this.#state = MALFORMED;
    }
  }

  #readScalar(bytes: Buffer, from: number, to: number): number {
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at] as number;
      if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20) {
        this.#endOfScalar();
        return at;
      }
      if (this.#length < MAX_WANTED) this.#scratch[this.#length] = byte;
      this.#length++;
    }
    return at;
  }

  #endOfScalar(): void {
    const fact = this.#wanted?.fact;
    const text = Buffer.from(this.#scratch.buffer, 0, Math.min(this.#length, MAX_WANTED)).toString('latin1');
    this.#afterValue();
    if (text === 'null') return;
    if (text === 'true' || text === 'false') {
      if (fact !== undefined) this.#take(fact, text === 'true');
    } else if (this.#length > MAX_WANTED && DIGITS.test(text)) {
      if (fact !== undefined) this.oversized++;
    } else if (NUMBER.test(text)) {
      if (fact !== undefined) this.#take(fact, Number(text));
    } else this.#state = MALFORMED;
  }

  #take(fact: string, value: string | number | boolean): void {
    if (!fact.endsWith('[]')) {
      this.facts[fact] = value;
      return;
    }
    this.facts[fact] ??= [];
    const collected = this.facts[fact] as string[];
    if (typeof value === 'string' && collected.length < MAX_COLLECTED) collected.push(value);
  }
}
