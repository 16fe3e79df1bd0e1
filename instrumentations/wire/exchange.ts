import { catchUp, later, laterWithBytes } from '../../src/backlog.ts';
import type { Failure } from '../../src/recorders/failures.ts';
import { MAX_SMALL } from './decoder.ts';
import { ABANDONED, classifyEnd, classifyLeaving, TIMEOUT } from './endings.ts';
import type { ExchangeRecord, Head } from './exchange-record.ts';
import { type HeaderList, isEncoded } from './headers.ts';

/**
 * One request to a model provider and its answer, told by a wire; it ends exactly once. What a wire tells is noted here,
 * and thought about a moment later by the record; at once if it failed, as what comes next depends on it.
 */
export class Exchange {
  /** The chunk that a shadowed method has told and is just passing on: the wire's own event may tell it again. */
  passing: unknown;
  readonly #record: ExchangeRecord;
  #isSent = false;
  #isOver = false;
  /** Nothing of it waits any more. */
  #isUrgent = false;
  #isEncoded = false;
  #responseBytes = 0;

  constructor(record: ExchangeRecord) {
    this.#record = record;
  }

  /** No call is around it: what belongs together has to be told by the request itself. */
  get isAlone(): boolean {
    return this.#record.isAlone;
  }

  /** How many attempts the SDK says went before this one. */
  set retryCount(count: number) {
    this.#record.retryCount = count;
  }

  /** A piece of the request's body was sent. */
  sending(chunk: Buffer): void {
    laterWithBytes(tellSending, this.#record, chunk, 0);
  }

  /** The request is out. */
  sent(): void {
    if (this.#isSent) return;
    this.#isSent = true;
    later(tellSent, this.#record, undefined, 0);
  }

  /** The head of the answer arrived. */
  answered(status: number, headers: HeaderList): void {
    // Before the answer there may be hints (103), even while the request is still being sent.
    if (status < 200) return;
    this.#isUrgent = status >= 300;
    this.#isEncoded = isEncoded(headers);
    later(tellAnswered, this.#record, { status, headers: copied(headers), time: Date.now() }, 0);
    if (this.#isUrgent) catchUp();
  }

  /** A piece of the answer's body arrived. */
  received(chunk: Buffer): void {
    this.#responseBytes += chunk.length;
    // What another thread decodes must not begin late: nobody waits for it at the end of the process.
    if (this.#isEncoded && this.#responseBytes > MAX_SMALL) this.#isUrgent = true;
    laterWithBytes(tellReceived, this.#record, chunk, performance.now());
    if (this.#isUrgent) catchUp();
  }

  /** The answer is complete as far as the wire can tell. */
  completed(): void {
    this.#end(undefined);
  }

  /** The exchange ended before its answer did. */
  failed(error: unknown): void {
    this.#end(classifyEnd(error));
  }

  /** The application ended the exchange itself, for this reason if it gave one. */
  left(reason: unknown, isLate: boolean): void {
    this.#end(isLate ? TIMEOUT : classifyLeaving(reason));
  }

  /** The exchange is over, and nobody has read its answer or heard of its end. */
  unread(): void {
    this.#end(ABANDONED);
  }

  #end(failure: Failure | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    later(tellEnd, this.#record, failure, performance.now());
    if (failure !== undefined || this.#isUrgent) catchUp();
  }
}

/** The application may have the list too. */
function copied(headers: HeaderList): HeaderList {
  return Array.isArray(headers) ? headers.slice() : headers;
}

const tellSending = (record: ExchangeRecord, chunk: Buffer): void => record.sending(chunk);
const tellSent = (record: ExchangeRecord): void => record.sent();
const tellAnswered = (record: ExchangeRecord, head: Head): void => record.answered(head);
const tellReceived = (record: ExchangeRecord, chunk: Buffer, at: number): void => record.received(chunk, at);
const tellEnd = (record: ExchangeRecord, failure: Failure | undefined, at: number): void => record.end(failure, at);
