import type { Facts, Fields } from './json-fields.ts';
import { MAX_WANTED } from './json-values.ts';

/** Longest first line: a boundary has at most 70 characters (RFC 2046, section 5.1.1). */
const MAX_BOUNDARY_LINE = 128;
/** Longest head of a part; a file name may stand there. */
const MAX_HEAD = 4096;

const DASH = 0x2d;
const NOTHING = Buffer.alloc(0);
const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

const BOUNDARY = 0;
const AFTER_BOUNDARY = 1;
const HEAD = 2;
const VALUE = 3;
const SKIP = 4;
const OVER = 5;

/**
 * Finds the wanted fields of a `multipart/form-data` body that is sent in pieces, and passes over its files by native
 * search; at most the beginning of one part is kept.
 */
export class MultipartReader {
  readonly facts: Facts = {};
  oversized = 0;
  readonly #wanted: Fields;
  #state = BOUNDARY;
  #delimiter: Buffer = NOTHING;
  #fact = '';
  /** What earlier pieces left unread; a copy, because an application may use its memory again. */
  #rest: Buffer = NOTHING;

  constructor(wanted: Fields) {
    this.#wanted = wanted;
  }

  feed(piece: Buffer): void {
    if (this.#state === OVER) return;
    let bytes = piece;
    let at = 0;
    if (this.#rest.length > 0) {
      const seam = this.#state === SKIP ? this.#delimiterAcross(piece) : undefined;
      if (seam === undefined) bytes = Buffer.concat([this.#rest, piece]);
      else if (seam > 0) {
        this.#state = AFTER_BOUNDARY;
        at = seam;
      }
      this.#rest = NOTHING;
    }
    const unread = this.#read(bytes, at);
    if (this.#state !== OVER && unread < bytes.length) this.#rest = Buffer.from(bytes.subarray(unread));
  }

  /**
   * Where in a long piece a delimiter ends that began before it, 0 if there is none; undefined for a short piece. Joining
   * the pieces of a file would copy all of it.
   */
  #delimiterAcross(piece: Buffer): number | undefined {
    const { length } = this.#delimiter;
    if (piece.length < length) return undefined;
    const found = Buffer.concat([this.#rest, piece.subarray(0, length - 1)]).indexOf(this.#delimiter);
    return found < 0 ? 0 : found + length - this.#rest.length;
  }

  /** The place from which on the bytes cannot be understood without those that follow. */
  #read(bytes: Buffer, from: number): number {
    let at = from;
    for (;;) {
      switch (this.#state) {
        case BOUNDARY: {
          const end = bytes.indexOf(LINE_END);
          if (end < 0 && bytes.length <= MAX_BOUNDARY_LINE) return at;
          if (end < 0 || end > MAX_BOUNDARY_LINE || bytes[1] !== DASH) return this.#giveUp();
          this.#delimiter = Buffer.concat([Buffer.from(LINE_END), bytes.subarray(0, end)]);
          this.#state = AFTER_BOUNDARY;
          at = end;
          break;
        }
        case AFTER_BOUNDARY:
          if (at >= bytes.length) return at;
          if (bytes[at] === DASH) return this.#giveUp();
          this.#state = HEAD;
          break;
        case HEAD: {
          const end = bytes.indexOf(HEAD_END, at);
          if (end < 0 && bytes.length - at <= MAX_HEAD) return at;
          if (end < 0 || end - at > MAX_HEAD) return this.#giveUp();
          this.#fact = this.#factOf(bytes.toString('latin1', at, end));
          this.#state = this.#fact === '' ? SKIP : VALUE;
          at = end + HEAD_END.length;
          break;
        }
        case VALUE: {
          const end = bytes.indexOf(this.#delimiter, at);
          const length = (end < 0 ? bytes.length : end) - at;
          if (length > MAX_WANTED + (end < 0 ? this.#delimiter.length : 0)) {
            this.oversized++;
            this.#state = SKIP;
            break;
          }
          if (end < 0) return at;
          this.facts[this.#fact] = bytes.toString('utf8', at, end);
          this.#state = AFTER_BOUNDARY;
          at = end + this.#delimiter.length;
          break;
        }
        case SKIP: {
          const end = bytes.indexOf(this.#delimiter, at);
          if (end < 0) return Math.max(at, bytes.length - this.#delimiter.length + 1);
          this.#state = AFTER_BOUNDARY;
          at = end + this.#delimiter.length;
          break;
        }
        default:
          return at;
      }
    }
  }

  #giveUp(): number {
    this.#state = OVER;
    return 0;
  }

  #factOf(head: string): string {
    if (/;\s*filename/i.test(head)) return '';
    const name = /^content-disposition:.*;\s*name="?([^";\r\n]+)"?/im.exec(head)?.[1] ?? '';
    const fact = Object.hasOwn(this.#wanted, name) ? this.#wanted[name] : undefined;
    return typeof fact === 'string' ? fact : '';
  }
}
