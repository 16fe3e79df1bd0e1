import { asBuffer } from './bytes.ts';

/** Headers as a wire has them: names and values in turn, or an object. */
export type HeaderList = readonly (Uint8Array | string)[] | Readonly<Record<string, unknown>> | null | undefined;

/** What the head of an answer says beside its status. */
export interface AnswerHead {
  readonly contentType: string;
  readonly encoding: string;
  /** Where the answer sends the client. */
  readonly location: string | undefined;
  /** The headers of rate limits, by their lower-case names. */
  readonly limits: ReadonlyMap<string, string> | undefined;
  /** The class of an error, as AWS writes it. */
  readonly errorCode?: string;
  /** Tokens, as Bedrock counts them. */
  readonly counts?: Readonly<Record<string, number>>;
}

const CONTENT_TYPE = 'content-type';
const CONTENT_ENCODING = 'content-encoding';
const LOCATION = 'location';
const ERROR_TYPE = 'x-amzn-errortype';
const COUNT = /^x-amzn-bedrock-(.+)-token-count$/;
const COUNTS: Readonly<Record<string, string>> = {
  input: 'input',
  output: 'output',
  'cache-read-input': 'cacheRead',
  'cache-write-input': 'cacheWrite',
};
/** `x-ratelimit-remaining-tokens` of OpenAI and all that speak like it, `anthropic-ratelimit-tokens-remaining`. */
const LIMIT = /^(?:x|anthropic)-ratelimit-/;
/** The lengths that a wanted name can have: most names are told apart by this alone. */
const LENGTHS = new Set([CONTENT_TYPE.length, CONTENT_ENCODING.length, LOCATION.length]);
const MIN_LIMIT_LENGTH = 'x-ratelimit-x'.length;
const MAX_LIMIT_LENGTH = 'x-amzn-bedrock-cache-write-input-token-count'.length;
/** No header of ours is longer; hostile ones are. */
const MAX_VALUE = 200;
/** A location may hold a signature. */
const MAX_LOCATION = 4096;
/** Most limits of one answer. */
const MAX_LIMITS = 32;

/** Reads what is wanted of an answer's headers; a header that comes twice keeps its last value. */
export function readHead(headers: HeaderList): AnswerHead {
  const head: { -readonly [K in keyof AnswerHead]: AnswerHead[K] } = {
    contentType: '',
    encoding: '',
    location: undefined,
    limits: undefined,
  };
  let limits: Map<string, string> | undefined;
  const take = (name: Uint8Array | string, value: unknown): void => {
    const { length } = name;
    if (!LENGTHS.has(length) && !isLimitLike(name, length)) return;
    const key = textOf(name).toLowerCase();
    if (key === CONTENT_TYPE) head.contentType = short(value, MAX_VALUE).toLowerCase();
    else if (key === CONTENT_ENCODING) head.encoding = short(value, MAX_VALUE).toLowerCase();
    else if (key === LOCATION) head.location = short(value, MAX_LOCATION);
    else if (LIMIT.test(key) && (limits?.size ?? 0) < MAX_LIMITS) {
      limits ??= new Map();
      limits.set(key, short(value, MAX_VALUE));
    } else if (key === ERROR_TYPE) {
      // With a namespace before it and an address behind it, in some protocols.
      head.errorCode = short(value, MAX_VALUE).replace(/:.*$/, '').replace(/^.*#/, '');
    } else if (COUNT.test(key)) {
      const fact = COUNTS[COUNT.exec(key)?.[1] ?? ''];
      if (fact !== undefined) head.counts = { ...head.counts, [fact]: Number(short(value, MAX_VALUE)) };
    }
  };
  if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) take(headers[at], headers[at + 1]);
  else for (const [name, value] of Object.entries(headers ?? {})) take(name, value);
  head.limits = limits;
  return head;
}

/** Whether the body may have to be decoded; told of every answer as it arrives, so names are told apart by lengths. */
export function isEncoded(headers: HeaderList): boolean {
  if (!Array.isArray(headers)) return true;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const { length } = headers[at];
    if (length === CONTENT_ENCODING.length && textOf(headers[at]).toLowerCase() === CONTENT_ENCODING) return true;
  }
  return false;
}

/** By which the SDKs of one generator tell their retries. */
const RETRY_COUNT = 'x-stainless-retry-count';
const MAX_RETRIES = 1000;

/** How many attempts went before this request, as the SDK that makes it says; 0 where none says so. */
export function retryCountIn(headers: unknown): number {
  // undici 5 has all of them in one string.
  if (!Array.isArray(headers)) return 0;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name: unknown = headers[at];
    if (typeof name !== 'string' || name.length !== RETRY_COUNT.length) continue;
    if (name.toLowerCase() === RETRY_COUNT) return asCount(headers[at + 1]);
  }
  return 0;
}

/** The same of a request of `node:http`. */
export function retryCountOf(request: { getHeader(name: string): unknown }): number {
  return asCount(request.getHeader(RETRY_COUNT));
}

function asCount(value: unknown): number {
  const count = value === undefined ? 0 : Number(short(value, MAX_VALUE));
  return Number.isInteger(count) && count > 0 && count <= MAX_RETRIES ? count : 0;
}

const [X, A, UPPER_CASE] = [0x78, 0x61, 0x20];

function isLimitLike(name: Uint8Array | string, length: number): boolean {
  if (length < MIN_LIMIT_LENGTH || length > MAX_LIMIT_LENGTH) return false;
  const first = (typeof name === 'string' ? name.charCodeAt(0) : (name[0] ?? 0)) | UPPER_CASE;
  return first === X || first === A;
}

function short(value: unknown, limit: number): string {
  const text = value instanceof Uint8Array ? textOf(value.subarray(0, limit)) : String(value).slice(0, limit);
  return text.trim();
}

/** Headers are bytes of Latin-1. */
function textOf(value: Uint8Array | string): string {
  return typeof value === 'string' ? value : asBuffer(value).toString('latin1');
}
