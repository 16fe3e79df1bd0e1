import { type Context, trace } from '@opentelemetry/api';
import { drop } from '../../src/observe.ts';
import { ChunkTimes } from '../../src/recorders/chunk-times.ts';
import { knownErrorType, statusErrorType } from '../../src/recorders/error-types.ts';
import type { Failure } from '../../src/recorders/failures.ts';
import type { Inbound } from '../../src/recorders/inbound.ts';
import {
  type AttemptResult,
  type AttemptStart,
  modelCalls,
  type RunningAttempt,
  type Seat,
} from '../../src/recorders/model-calls.ts';
import type { Listed } from '../../src/roster.ts';
import { type BodyReader, createBodyReader, framingOf } from './body-reader.ts';
import { type ContentCapture, captureOf } from './content/capture.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import { ABANDONED } from './endings.ts';
import type { ModelRequest } from './endpoints.ts';
import { type Answer, type Asked, addError } from './formats/format.ts';
import { settledUsage } from './formats/usage.ts';
import { type AnswerHead, type HeaderList, readHead } from './headers.ts';
import { tellRateLimits } from './rate-limits.ts';
import type { Redirect, Redirects } from './redirects.ts';
import { RequestReader } from './request-reader.ts';

const COLON = 0x3a;
/** The answers that have no body, and say so. */
const BODILESS = new Set([204, 205]);

/** What is known of an exchange when its request is made. */
export interface ExchangeStart {
  readonly request: ModelRequest;
  readonly origin: string;
  readonly path: string;
  /** The context in which the application made it. */
  readonly caller: Context;
  readonly parent: Context;
  /** The inbound request that it was made for. */
  readonly inbound: Inbound | undefined;
  /** Answers that lead to this request. */
  readonly leading: readonly Redirect[];
  readonly redirects: Redirects;
  readonly onEnd: (record: ExchangeRecord) => void;
}

/** The head of an answer as it came, at `time`, Unix milliseconds. */
export interface Head {
  readonly status: number;
  readonly headers: HeaderList;
  readonly time: number;
}

/** What is understood of an exchange, and recorded. */
export class ExchangeRecord implements Listed {
  place = 0;
  /** How many attempts the SDK says went before this one. */
  retryCount = 0;
  readonly #start: ExchangeStart;
  readonly #startedAt = performance.now();
  readonly #requestReader: RequestReader;
  readonly #answer: Answer = { finishReasons: [], ended: false };
  /** Its place in a call around it, which may be over before the request is out. */
  readonly #seat: Seat | undefined;
  #attempt: RunningAttempt | undefined;
  #status: number | undefined;
  #requestBytes = 0;
  #responseBytes = 0;
  #counts: AnswerHead['counts'];
  #isStream = false;
  #asked: Asked = { streaming: false };
  #reader: BodyReader | undefined;
  #decoder: Decoder | undefined;
  readonly #chunks = new ChunkTimes();
  /** Only where content is wanted, and only while there is a span to put it on. */
  #content: ContentCapture | undefined;
  #isOver = false;
  #ending: { readonly failure: Failure | undefined; readonly endedAt: number } | undefined;
  /** The answer sends the client elsewhere: an error only if it does not follow. */
  #redirect: Redirect | undefined;

  constructor(start: ExchangeStart) {
    this.#start = start;
    this.#seat = modelCalls.seat(start.parent);
    this.#requestReader = new RequestReader(start.request.format);
    this.#content = captureOf(start.request.format);
  }

  /** A piece of the request's body was sent. */
  sending(chunk: Buffer): void {
    this.#requestBytes += chunk.length;
    if (this.#attempt !== undefined) return;
    this.#requestReader.feed(chunk);
    this.#content?.sending(chunk);
  }

  /** No call is around it: what belongs together has to be told by the request itself. */
  get isAlone(): boolean {
    return this.#seat === undefined;
  }

  /** The request is out, or all that will ever be known of it is: the call starts, with the model it asks for. */
  sent(): void {
    if (this.#attempt !== undefined) return;
    const { request, path, parent, inbound, leading } = this.#start;
    const { provider, format, serverAddress, serverPort } = request;
    const asked = format.ask(this.#requestReader.facts, path);
    // A request that follows another one may have no body, and one for another model does not follow it.
    const leader = leading.find(
      ({ isPending, exchange }) => isPending && (asked.model ?? exchange.asked.model) === exchange.asked.model,
    );
    const { model, streaming } = asked.model === undefined && leader !== undefined ? leader.exchange.asked : asked;
    this.#asked = { model, streaming, listedAs: asked.listedAs };
    if (this.#requestReader.oversized > 0) drop('oversized_value', this.#requestReader.oversized);
    const details: AttemptStart = {
      provider,
      operation: format.operation,
      model,
      streaming,
      serverAddress,
      serverPort,
      startedAt: this.#startedAt,
      context: parent,
      inbound,
      retryCount: this.retryCount,
    };
    this.#attempt = leader?.follow(details, this.#seat) ?? modelCalls.attempt(details, this.#seat);
    if (this.#content !== undefined && !isRecorded(this.#attempt.context)) this.#content = undefined;
    for (const redirect of leading) redirect.release();
  }

  /** The head of the answer arrived. */
  answered({ status, headers, time }: Head): void {
    this.sent();
    this.#status = status;
    const { contentType, encoding, location, limits, errorCode, counts } = readHead(headers);
    this.#counts = counts;
    if (status >= 300 && errorCode !== undefined) addError(this.#answer, errorCode);
    if (limits !== undefined) tellRateLimits(limits, { ...this.#start.request, requestModel: this.#asked.model }, time);
    if (BODILESS.has(status)) return;
    if (status >= 300 && status < 400 && location !== undefined) this.#lead(location);
    const { format } = this.#start.request;
    const framing = status < 300 ? framingOf(format, contentType, this.#asked.streaming) : 'document';
    this.#isStream = framing !== 'document' && framing !== 'opaque';
    if (framing === 'opaque') return;
    const content = status < 300 ? this.#content : undefined;
    content?.answered(framing);
    const onFrame = content && ((document: Buffer, event: string) => content.framed(document, event));
    const reader = createBodyReader(format, framing, this.#answer, onFrame);
    const read = (bytes: Buffer): void => reader.feed(bytes);
    this.#decoder = createDecoder(
      encoding,
      content === undefined
        ? read
        : (bytes) => {
            read(bytes);
            content.received(bytes);
          },
    );
    if (this.#decoder === undefined) drop('undecodable_body');
    else this.#reader = reader;
  }

  /** A piece of the answer's body arrived. */
  received(chunk: Buffer, at: number): void {
    this.#responseBytes += chunk.length;
    if (!isKeepAlive(chunk)) this.#chunks.arrived(at);
    if (!this.#isOver) this.#decoder?.write(chunk);
  }

  /** Nobody will tell the end any more. */
  abandoned(): void {
    this.#redirect?.end();
    // The process may be about to end, so a decoder is not waited for.
    this.#decoder?.destroy();
    this.#decoder = undefined;
    if (this.#ending === undefined) return this.end(ABANDONED, performance.now());
    // It has ended, but how the answer ends is still being decoded: that, and what it cost, stays unknown.
    this.#reader = undefined;
    this.#answer.usage = undefined;
    this.#finish(this.#ending.failure, this.#ending.endedAt);
  }

  /** The exchange is over; without a failure, the answer is complete as far as the wire can tell. */
  end(failure: Failure | undefined, endedAt: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.sent();
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

  #lead(location: string): void {
    const { request, origin, path, caller, redirects } = this.#start;
    if (this.#attempt === undefined) return;
    const exchange = { request, asked: this.#asked, caller, attempt: this.#attempt };
    this.#redirect = redirects.add(exchange, origin + path, location);
  }

  #finish(failure: Failure | undefined, endedAt: number): void {
    if (this.#redirect?.isPending === true) return this.#redirect.wait(() => this.#finish(failure, endedAt));
    this.#start.onEnd(this);
    const passed = { statusCode: this.#status, requestBytes: this.#requestBytes, responseBytes: this.#responseBytes };
    if (this.#redirect?.isFollowed === true) {
      this.#attempt?.redirected(passed, endedAt);
      return;
    }
    const reader = this.#reader;
    reader?.end();
    if (reader !== undefined && (this.#status ?? 0) < 300) {
      if (reader.malformed > 0 && failure === undefined) drop('malformed_body', reader.malformed);
      if (reader.oversized > 0) drop('oversized_value', reader.oversized);
    }
    const answer = this.#answer;
    if (this.#counts !== undefined && answer.usage === undefined && (this.#status ?? 0) < 300) {
      this.#start.request.format.head?.(this.#counts, answer);
    }
    const content = this.#content;
    const result: AttemptResult = {
      ...passed,
      content: content && (() => content.content()),
      model: answer.model,
      listedAs: this.#asked.listedAs,
      id: answer.id,
      finishReasons: answer.finishReasons,
      serviceTier: answer.serviceTier,
      usage: this.#isStream && !this.#isWhole(failure) ? settledUsage(answer) : answer.usage,
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

function isRecorded(context: Context): boolean {
  return trace.getSpan(context)?.isRecording() === true;
}

/** Gateways send comments (`: processing`) while they wait for the model: those are no chunks of the answer. */
function isKeepAlive(chunk: Buffer): boolean {
  return chunk[0] === COLON && !chunk.includes('\ndata');
}
