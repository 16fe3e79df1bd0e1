import type { Context } from '@opentelemetry/api';
import { drop } from '../../src/observe.ts';
import { ChunkTimes } from '../../src/recorders/chunk-times.ts';
import { isTransportCode, knownErrorType, statusErrorType } from '../../src/recorders/error-types.ts';
import { classify, type Failure } from '../../src/recorders/failures.ts';
import { type ModelCallResult, modelCalls, type RunningAttempt, type Seat } from '../../src/recorders/model-calls.ts';
import { type BodyReader, createBodyReader, framingOf } from './body-reader.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import type { ModelRequest } from './endpoints.ts';
import type { Answer } from './formats/format.ts';
import { settledUsage } from './formats/usage.ts';
import type { AnswerHead } from './headers.ts';
import { createRequestReader, type RequestReader } from './request-reader.ts';

const COLON = 0x3a;
const ABORTED: Failure = { outcome: 'aborted', errorType: 'aborted' };
const ABANDONED: Failure = { outcome: 'abandoned', errorType: 'abandoned' };
const TIMEOUT: Failure = { outcome: 'timeout', errorType: 'timeout' };
/** The answers that have no body, and say so. */
const BODILESS = new Set([204, 205]);

/** One request to a model provider and its answer, told by a wire; it ends exactly once. */
export class Exchange {
  /** The chunk that a shadowed method has told and is just passing on: the wire's own event may tell it again. */
  passing: unknown;
  readonly #request: ModelRequest;
  readonly #path: string;
  readonly #parent: Context;
  readonly #startedAt = performance.now();
  readonly #requestReader: RequestReader;
  readonly #answer: Answer = { finishReasons: [], ended: false };
  /** Its place in a call around it, which may be over before the request is out. */
  readonly #seat: Seat | undefined;
  #attempt: RunningAttempt | undefined;
  #status: number | undefined;
  #isStream = false;
  #isAskedAsStream = false;
  #reader: BodyReader | undefined;
  #decoder: Decoder | undefined;
  readonly #chunks = new ChunkTimes();
  #isOver = false;
  #ending: { readonly failure: Failure | undefined; readonly endedAt: number } | undefined;
  readonly #onEnd: (exchange: Exchange) => void;

  constructor(request: ModelRequest, path: string, parent: Context, onEnd: (exchange: Exchange) => void) {
    this.#request = request;
    this.#path = path;
    this.#parent = parent;
    this.#seat = modelCalls.seat(parent);
    this.#onEnd = onEnd;
    this.#requestReader = createRequestReader(request.format);
  }

  /** A piece of the request's body was sent. */
  sending(chunk: Buffer): void {
    if (this.#attempt === undefined) this.#requestReader.feed(chunk);
  }

  /** The request is out, or all that will ever be known of it is: the call starts, with the model it asks for. */
  sent(): void {
    if (this.#attempt !== undefined) return;
    const { provider, format, serverAddress, serverPort } = this.#request;
    const { model, streaming } = format.ask(this.#requestReader.facts, this.#path);
    this.#isAskedAsStream = streaming;
    if (this.#requestReader.oversized > 0) drop('oversized_value', this.#requestReader.oversized);
    this.#attempt = modelCalls.attempt(
      {
        provider,
        operation: format.operation,
        model,
        streaming,
        serverAddress,
        serverPort,
        startedAt: this.#startedAt,
        context: this.#parent,
      },
      this.#seat,
    );
  }

  /** The head of the answer arrived. */
  answered(status: number, { contentType, encoding }: AnswerHead): void {
    // Before the answer there may be hints (103), even while the request is still being sent.
    if (status < 200) return;
    this.sent();
    this.#status = status;
    if (BODILESS.has(status)) return;
    const { format } = this.#request;
    const framing = status < 300 ? framingOf(format, contentType, this.#isAskedAsStream) : 'document';
    this.#isStream = framing === 'events' || framing === 'lines';
    if (framing === 'opaque') return;
    const reader = createBodyReader(format, framing, this.#answer);
    this.#decoder = createDecoder(encoding, (bytes) => reader.feed(bytes));
    if (this.#decoder === undefined) drop('undecodable_body');
    else this.#reader = reader;
  }

  /** A piece of the answer's body arrived. */
  received(chunk: Buffer): void {
    if (!isKeepAlive(chunk)) this.#chunks.arrived(performance.now());
    if (!this.#isOver) this.#decoder?.write(chunk);
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
    this.#end(isLate || isTimeout(reason) ? TIMEOUT : ABORTED);
  }

  /** The exchange is over, and nobody has read its answer or heard of its end. */
  unread(): void {
    this.#end(ABANDONED);
  }

  /** Nobody will tell the end any more. */
  abandoned(): void {
    // The process may be about to end, so a decoder is not waited for.
    this.#decoder?.destroy();
    this.#decoder = undefined;
    if (this.#ending === undefined) return this.#end(ABANDONED);
    // It has ended, but how the answer ends is still being decoded: that, and what it cost, stays unknown.
    this.#reader = undefined;
    this.#answer.usage = undefined;
    this.#finish(this.#ending.failure, this.#ending.endedAt);
  }

  #end(failure: Failure | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.sent();
    const endedAt = performance.now();
    this.#ending = { failure, endedAt };
    if (this.#decoder === undefined) this.#finish(failure, endedAt);
    else {
      this.#decoder.end((decoded) => {
        if (decoded !== 'whole') drop('undecodable_body');
        // What could not be read to its end says nothing of the answer, neither good nor bad.
        if (decoded === 'too_large') this.#reader = undefined;
        this.#finish(failure, endedAt);
      });
    }
  }

  #finish(failure: Failure | undefined, endedAt: number): void {
    this.#onEnd(this);
    const reader = this.#reader;
    reader?.end();
    if (reader !== undefined && (this.#status ?? 0) < 300) {
      if (reader.malformed > 0 && failure === undefined) drop('malformed_body', reader.malformed);
      if (reader.oversized > 0) drop('oversized_value', reader.oversized);
    }
    const answer = this.#answer;
    const result: ModelCallResult = {
      model: answer.model,
      id: answer.id,
      finishReasons: answer.finishReasons,
      usage: this.#isStream && !this.#isWhole(failure) ? settledUsage(answer) : answer.usage,
      statusCode: this.#status,
    };
    this.#attempt?.finish(this.#verdict(failure), result, this.#isStream ? this.#chunks : undefined, endedAt);
  }

  /** The stream came to its end, and says so. */
  #isWhole(failure: Failure | undefined): boolean {
    const { errorCode, ended, finishReasons } = this.#answer;
    return failure === undefined && errorCode === undefined && (ended || finishReasons.length > 0);
  }

  /** What the answer says of itself comes before how the socket ended: SDKs close a stream that they have read whole. */
  #verdict(failure: Failure | undefined): Failure | undefined {
    const { errorCode, ended, finishReasons } = this.#answer;
    const status = this.#status;
    if (status !== undefined && status >= 300) {
      return { outcome: 'error', errorType: knownErrorType(errorCode) ?? statusErrorType(status) ?? '_OTHER' };
    }
    if (errorCode !== undefined) {
      return { outcome: 'error', errorType: knownErrorType(errorCode) ?? '_OTHER' };
    }
    const isComplete = ended || finishReasons.length > 0;
    const isRead = this.#reader !== undefined;
    if (failure !== undefined) return this.#isStream && isComplete ? undefined : failure;
    if (this.#isStream && isRead && !isComplete) return { outcome: 'error', errorType: 'incomplete_stream' };
    if (this.#reader?.isBroken === true) return { outcome: 'error', errorType: 'invalid_response' };
    return undefined;
  }
}

/** undici cancels the body of a response that was dropped unread with exactly this reason. */
const COLLECTED = 'Response object has been garbage collected';

/**
 * What ends an exchange early is an error of Node or undici, which has a code, or the reason that the application gave
 * when it aborted or cancelled, which may be any value.
 */
function classifyEnd(error: unknown): Failure {
  if (error === COLLECTED) return ABANDONED;
  const failure = classify(error);
  if (failure.outcome !== 'error') return failure;
  const code = codeOf(error);
  if (!isTransportCode(code) && knownErrorType(code) === undefined) return ABORTED;
  return { outcome: 'error', errorType: knownErrorType(code) ?? '_OTHER' };
}

function codeOf(error: unknown): unknown {
  try {
    return (error as { code?: unknown } | null | undefined)?.code;
  } catch {
    return undefined;
  }
}

/** `http.request` wraps the reason of a signal, axios says ECONNABORTED where others say ETIMEDOUT. */
function isTimeout(reason: unknown): boolean {
  if (typeof reason !== 'object' || reason === null) return false;
  const { code, cause } = reason as { code?: unknown; cause?: unknown };
  return code === 'ECONNABORTED' || [reason, cause].some((error) => classify(error).outcome === 'timeout');
}

/** Gateways send comments (`: processing`) while they wait for the model: those are no chunks of the answer. */
function isKeepAlive(chunk: Buffer): boolean {
  return chunk[0] === COLON && !chunk.includes('\ndata');
}
