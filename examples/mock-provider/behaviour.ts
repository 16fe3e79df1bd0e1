import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type ContentEncoding = 'identity' | 'gzip' | 'br' | 'deflate' | 'zstd';

/** How one request is answered: token counts, pace and faults; every field has a harmless default. */
export interface Behaviour {
  /** Anything from 400 up answers with the provider's own error body. */
  status: number;
  /** Sent as `retry-after` with an error. */
  retryAfterSeconds: number | undefined;
  headerDelayMs: number;
  /** Between the headers and the first byte of the body. */
  firstChunkDelayMs: number;
  /** Between one text delta and the next. */
  chunkDelayMs: number;
  /** How many text deltas make up the answer. */
  chunks: number;
  deltaText: string;
  /** All input tokens, cached and cache-written ones included, whatever the provider's own way of counting. */
  promptTokens: number;
  /** All output tokens, reasoning included. */
  completionTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  cacheWriteTokens: number;
  /** `nan` writes the bare word NaN, as Python's `json.dumps` does: such a body is no valid JSON. */
  usage: 'normal' | 'absent' | 'null' | 'nan' | 'negative' | 'string';
  /** Used only if the client's `accept-encoding` names it. */
  encoding: ContentEncoding;
  /** Destroys the connection once so many text deltas are out (for a JSON body: half-way through it). */
  dropAfterChunks: number | undefined;
  /** The same by RST_STREAM; on HTTP/1.1, which has no such frame, by destroying the connection. */
  resetAfterChunks: number | undefined;
  /** 2 (INTERNAL_ERROR) is an error to clients; 8 (CANCEL) and 0 (NO_ERROR) look like a normal, short end to some. */
  resetCode: number;
  /** Sends GOAWAY and finishes the stream, as a server being drained does; nothing on HTTP/1.1. */
  goawayAfterChunks: number | undefined;
  /** Anything but 0 (NO_ERROR) also kills the session right after GOAWAY. */
  goawayCode: number;
  /** Ends the body as if it were complete, half-way through it. */
  truncate: boolean;
  /** Never answers, or stops after the first text delta. */
  hang: 'headers' | 'body' | undefined;
  /** Breaks the stream off with the provider's own in-stream error. */
  errorEventAfterChunks: number | undefined;
  /** Served as it is, with `contentType`. */
  rawBody: string | Uint8Array | undefined;
  contentType: string | undefined;
  /** Writes the body in pieces of so many bytes, cutting through lines and characters. */
  splitBytes: number;
  /** Ends server-sent event lines in CRLF; left alone, each provider does as it really does. */
  crlf: boolean | undefined;
  /** Puts so many stream events into one write. */
  coalesce: number;
  /** Appends OpenAI's `obfuscation` field of random length to stream events. */
  obfuscation: boolean;
  /** Writes `": "` and `", "` between JSON tokens, as Python servers do. */
  spacedJson: boolean;
}

const DEFAULTS: Behaviour = {
  status: 200,
  retryAfterSeconds: undefined,
  headerDelayMs: 0,
  firstChunkDelayMs: 0,
  chunkDelayMs: 0,
  chunks: 5,
  deltaText: 'word ',
  promptTokens: 12,
  completionTokens: 5,
  cachedTokens: 0,
  reasoningTokens: 0,
  cacheWriteTokens: 0,
  usage: 'normal',
  encoding: 'identity',
  dropAfterChunks: undefined,
  resetAfterChunks: undefined,
  resetCode: 2,
  goawayAfterChunks: undefined,
  goawayCode: 0,
  truncate: false,
  hang: undefined,
  errorEventAfterChunks: undefined,
  rawBody: undefined,
  contentType: undefined,
  splitBytes: 0,
  crlf: undefined,
  coalesce: 1,
  obfuscation: false,
  spacedJson: false,
};

/** Defaults, overridden by the option, overridden by the `x-mock-behaviour` header. */
export function resolveBehaviour(option: Partial<Behaviour>, headers: IncomingHttpHeaders): Behaviour {
  const header = headers['x-mock-behaviour'];
  const fromHeader: unknown = typeof header === 'string' ? JSON.parse(header) : undefined;
  if (fromHeader !== undefined && (fromHeader === null || typeof fromHeader !== 'object')) {
    throw new SyntaxError('x-mock-behaviour must be a JSON object.');
  }
  const resolved = { ...DEFAULTS, ...option, ...fromHeader } as Behaviour;
  for (const key of Object.keys(resolved)) {
    if (!(key in DEFAULTS)) throw new SyntaxError(`Unknown behaviour "${key}".`);
  }
  return resolved;
}

/** The encoding to use, given what the client accepts. */
export function negotiateEncoding(wanted: ContentEncoding, headers: IncomingHttpHeaders): ContentEncoding {
  const accepted = String(headers['accept-encoding'] ?? '').split(',');
  for (const offer of accepted) {
    const [name, quality] = offer.trim().split(/\s*;\s*/);
    if ((name === wanted || name === '*') && !/^q=0(\.0*)?$/.test(quality ?? '')) return wanted;
  }
  return 'identity';
}

/** Waits, or rejects as soon as the client is gone. */
export async function wait(durationMs: number, gone: AbortSignal): Promise<void> {
  if (durationMs > 0) await delay(durationMs, undefined, { signal: gone });
  gone.throwIfAborted();
}

/** Resolves never; rejects when the client is gone or the server closes. */
export function waitForever(gone: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (gone.aborted) reject(gone.reason);
    else gone.addEventListener('abort', () => reject(gone.reason), { once: true });
  });
}

/** What a usage block reports for one count, spoilt as asked. */
function reportCount(count: number, behaviour: Behaviour): number | string {
  if (behaviour.usage === 'nan') return Number.NaN;
  if (behaviour.usage === 'negative') return -Math.max(1, count);
  if (behaviour.usage === 'string') return String(count);
  return count;
}

/** The usage block under its key, or nothing at all, or null. */
export function reportUsage<Key extends string>(
  key: Key,
  behaviour: Behaviour,
  build: (count: (value: number) => number | string) => object,
): Partial<Record<Key, object | null>> {
  if (behaviour.usage === 'absent') return {};
  const usage = behaviour.usage === 'null' ? null : build((value) => reportCount(value, behaviour));
  return { [key]: usage } as Partial<Record<Key, object | null>>;
}
