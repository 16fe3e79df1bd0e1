import type { Answer, Format } from './formats/format.ts';
import type { CompiledFields } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';
import { MAX_EVENT, Repetition, type Template } from './repetition.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const DATA = Buffer.from('data');
const DONE = '[DONE]';
/** What ends an event, and the line before it, in either kind of lines. */
const BLANK_LINES = [Buffer.from('\n\n'), Buffer.from('\r\n\r\n')] as const;

/** Reads a server-sent event stream (WHATWG HTML, section 9.2) for what its events tell; memory is constant. */
export class EventStream {
  /** Events that were no JSON although they began like it. */
  malformed = 0;
  readonly #format: Format;
  readonly #answer: Answer;
  readonly #scanner: JsonScanner;
  readonly #repetition: Repetition | undefined;
  #events = 0;
  #blankLine: Buffer = BLANK_LINES[0];
  #lastEventTold = true;
  #held: Buffer | undefined;
  #heldLength = 0;
  #heldKind: Template | undefined;
  // The line that is being read.
  #column = 0;
  #isData = true;
  #inValue = false;
  // The event that is being read.
  #hasData = false;
  #isJson = false;
  #literal = '';

  constructor(format: Format, fields: CompiledFields, answer: Answer) {
    this.#format = format;
    this.#answer = answer;
    this.#scanner = new JsonScanner(fields);
    this.#repetition = format.repetitive === undefined ? undefined : new Repetition(format.repetitive);
  }

  get oversized(): number {
    return this.#scanner.oversized;
  }

  feed(chunk: Buffer): void {
    const repetition = this.#repetition;
    let at = 0;
    // A busy network delivers several events at once.
    if (repetition?.look(chunk) === true) {
      while (at < chunk.length) {
        let end = this.#isBetweenEvents ? repetition.pass(at, chunk.length) : -1;
        if (end !== -1) {
          if (this.#format.repetitive === 'counts') this.#hold(chunk.subarray(at, end), repetition.passed);
        } else {
          end = this.#endOfEventAt(chunk, at);
          if (end === -1) break;
          this.#readEvent(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end), repetition);
        }
        at = end;
      }
    }
    if (at === chunk.length) return;
    this.#readHeld();
    this.#read(at === 0 ? chunk : chunk.subarray(at));
  }

  get #isBetweenEvents(): boolean {
    return this.#column === 0 && !this.#hasData;
  }

  /** The index behind the blank line that comes next, or -1. */
  #endOfEventAt(chunk: Buffer, from: number): number {
    let at = chunk.indexOf(this.#blankLine, from);
    if (at === -1 && this.#events === 0) {
      this.#blankLine = this.#blankLine === BLANK_LINES[0] ? BLANK_LINES[1] : BLANK_LINES[0];
      at = chunk.indexOf(this.#blankLine, from);
    }
    return at === -1 ? -1 : at + this.#blankLine.length;
  }

  #readEvent(chunk: Buffer, repetition: Repetition): void {
    const isWhole = this.#isBetweenEvents;
    this.#readHeld();
    const before = this.#events;
    this.#read(chunk);
    const isOneEvent = isWhole && this.#events === before + 1 && this.#isBetweenEvents;
    if (isOneEvent && (this.#format.repetitive === 'counts' || !this.#lastEventTold)) repetition.learn(chunk);
  }

  /** Keeps an event until it is known to be the last of its kind: its counts replace those of the ones before. */
  #hold(chunk: Buffer, kind: Template | undefined): void {
    if (kind !== this.#heldKind) this.#readHeld();
    this.#heldKind = kind;
    this.#held ??= Buffer.allocUnsafe(MAX_EVENT);
    this.#held.set(chunk);
    this.#heldLength = chunk.length;
  }

  #readHeld(): void {
    if (this.#heldLength === 0) return;
    const length = this.#heldLength;
    this.#heldLength = 0;
    this.#read((this.#held as Buffer).subarray(0, length));
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const found = chunk.indexOf(LINE_FEED, at);
      const end = found === -1 ? chunk.length : found;
      this.#line(chunk, at, end);
      if (found === -1) break;
      this.#endOfLine();
      at = end + 1;
    }
  }

  /** Part of a line, without its line feed. */
  #line(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && !this.#inValue) {
      const byte = chunk[at] as number;
      if (byte === CARRIAGE_RETURN && at === to - 1) return;
      if (byte === COLON) {
        this.#isData &&= this.#column === DATA.length;
        this.#inValue = true;
        this.#column++;
        at++;
        if (this.#isData) this.#beginData();
        break;
      }
      this.#isData &&= byte === DATA[this.#column];
      this.#column++;
      at++;
    }
    if (!this.#inValue || at >= to) return;
    this.#column += to - at;
    if (!this.#isData) return;
    if (!this.#isJson && this.#literal === '') {
      while (at < to && (chunk[at] as number) === SPACE) at++;
      if (at === to) return;
      this.#isJson = chunk[at] === OPEN_BRACE;
    }
    if (this.#isJson) this.#scanner.feed(chunk, at, to);
    else if (this.#literal.length <= DONE.length) this.#literal += chunk.toString('latin1', at, Math.min(to, at + 8));
  }

  #beginData(): void {
    // A second data line continues the first one's value; in JSON a line feed there is white space.
    this.#hasData = true;
  }

  #endOfLine(): void {
    const isBlank = this.#column === 0;
    this.#column = 0;
    this.#inValue = false;
    this.#isData = true;
    if (isBlank && this.#hasData) this.#endOfEvent();
  }

  #endOfEvent(): void {
    this.#events++;
    this.#lastEventTold = true;
    if (this.#isJson) {
      if (this.#scanner.complete) this.#lastEventTold = this.#format.answer(this.#scanner.facts, this.#answer);
      else this.malformed++;
      this.#scanner.reset();
    } else if (this.#literal.trimEnd() === DONE) this.#answer.ended = true;
    this.#hasData = false;
    this.#isJson = false;
    this.#literal = '';
  }

  /** The last event of a stream may lack its blank line when the server just closes. */
  end(): void {
    this.#readHeld();
    if (this.#column > 0) this.#endOfLine();
    if (this.#hasData) this.#endOfEvent();
  }
}
