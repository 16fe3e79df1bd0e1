const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Strings shorter than this are cheaper to walk than to search natively. */
const SHORT_STRING = 24;

/** Passes over values of a JSON document that nobody wants, as they arrive: a prompt can be megabytes. */
export class JsonSkipper {
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Forgets a value that was begun. */
  reset(): void {
    this.#inString = false;
    this.#escaped = false;
  }

  /** An object or array was just opened. */
  begin(): void {
    this.#depth = 1;
  }

  /** The index after an object or array, or -1 when it goes on in the next piece; only brackets and strings matter. */
  nested(bytes: Buffer, from: number, to: number): number {
    let depth = this.#depth;
    let at = from;
    if (this.#inString) {
      at = this.string(bytes, at, to);
      if (at < 0) return -1;
      this.#inString = false;
    }
    while (at < to) {
      const byte = bytes[at++] as number;
      if (byte === QUOTE) {
        const next = this.string(bytes, at, to);
        if (next < 0) {
          this.#depth = depth;
          this.#inString = true;
          return -1;
        }
        at = next;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
    }
    this.#depth = depth;
    return -1;
  }

  /** The index after the quote that closes a string, or -1 when it goes on in the next piece. */
  string(bytes: Buffer, from: number, to: number): number {
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
}
