const LINE_FEED = 0x0a;
const DATA = 'data:';

/** The documents of a stream: one a line, or the data of each event. */
export class Lines {
  readonly #maxLength: number;
  readonly #hasEvents: boolean;
  readonly #tell: (document: string) => void;
  #rest: Buffer[] = [];
  #restLength = 0;
  #data = '';

  constructor(maxLength: number, hasEvents: boolean, tell: (document: string) => void) {
    this.#maxLength = maxLength;
    this.#hasEvents = hasEvents;
    this.#tell = tell;
  }

  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const found = bytes.indexOf(LINE_FEED, at);
      const end = found === -1 ? bytes.length : found;
      this.#restLength += end - at;
      if (this.#restLength <= this.#maxLength) this.#rest.push(Buffer.from(bytes.subarray(at, end)));
      else this.#rest = [];
      if (found === -1) return;
      this.#endOfLine();
      at = end + 1;
    }
  }

  end(): void {
    this.#endOfLine();
    this.#endOfEvent();
  }

  #endOfLine(): void {
    const line = Buffer.concat(this.#rest).toString('utf8').replace(/\r$/, '');
    this.#rest = [];
    this.#restLength = 0;
    if (!this.#hasEvents) {
      if (line !== '') this.#tell(line);
    } else if (line === '') this.#endOfEvent();
    else if (line.startsWith(DATA) && this.#data.length + line.length <= this.#maxLength) {
      this.#data += `${this.#data === '' ? '' : '\n'}${line.slice(DATA.length).replace(/^ /, '')}`;
    }
  }

  #endOfEvent(): void {
    if (this.#data !== '') this.#tell(this.#data);
    this.#data = '';
  }
}
