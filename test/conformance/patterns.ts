import type { Behaviour } from '../../examples/mock-provider/index.ts';
import type { Outcome } from '../../src/index.ts';

/** One way to make a call and to treat its answer, whatever the library. */
export interface Pattern {
  /** As the table names it. */
  readonly title: string;
  /** How the provider answers. */
  readonly behaviour?: Partial<Behaviour>;
  readonly outcome: Outcome;
  /** `server` and `dropped` stand for what that is called with this provider and on this wire. */
  readonly errorType?: 'server' | 'dropped' | 'aborted' | 'abandoned' | 'timeout';
  /** Model calls in it. @default 1 */
  readonly calls?: number;
}

const SUCCESS = { outcome: 'success' } as const;
const ABORTED = { outcome: 'aborted', errorType: 'aborted' } as const;
const ABANDONED = { outcome: 'abandoned', errorType: 'abandoned' } as const;
const FAILED = { behaviour: { status: 500 }, outcome: 'error', errorType: 'server' } as const;
/** Ten seconds: nobody reads it to its end by accident. */
const LONG = { chunks: 500, chunkDelayMs: 20 };
const JSON_ANSWER = { chunks: 1, deltaText: '{"answer":42}' };

/** Every pattern; its name is the model that is asked for. */
export const PATTERNS = {
  create: { title: 'the answer, awaited', ...SUCCESS },
  'asked-twice': { title: 'one promise, awaited twice', ...SUCCESS },
  'with-response': { title: '`withResponse()`', ...SUCCESS },
  'as-response': { title: '`asResponse()`', ...SUCCESS },
  parse: { title: 'an answer parsed by its schema: `parse()`', behaviour: JSON_ANSWER, ...SUCCESS },
  'run-tools': { title: 'tools run by the library: `runTools()`, `toolRunner()`', ...SUCCESS, calls: 2 },
  error: { title: 'status 500, caught', ...FAILED },
  unhandled: { title: 'status 500, caught by nobody', ...FAILED },
  timeout: {
    title: '`AbortSignal.timeout()`',
    behaviour: { hang: 'headers' },
    outcome: 'timeout',
    errorType: 'timeout',
  },
  stream: { title: 'a stream, read to its end', ...SUCCESS },
  'stream-with-response': { title: 'a stream by `withResponse()`', ...SUCCESS },
  'stream-as-response': { title: 'a stream by `asResponse()`', ...SUCCESS },
  'stream-tee': { title: 'a stream in two: `tee()`', ...SUCCESS },
  'stream-to-readable': { title: '`toReadableStream()`', ...SUCCESS },
  'stream-break': { title: 'a stream left by `break`', behaviour: LONG, ...ABORTED },
  'stream-abort': { title: 'a stream aborted', behaviour: LONG, ...ABORTED },
  'stream-drop': {
    title: 'a stream that the server drops',
    behaviour: { chunks: 20, chunkDelayMs: 2, dropAfterChunks: 3 },
    outcome: 'error',
    errorType: 'dropped',
  },
  'stream-never-read': { title: 'a stream held and never read', behaviour: { hang: 'body' }, ...ABANDONED },
  'stream-collected': { title: 'a stream dropped and collected', behaviour: { hang: 'body' }, ...ABANDONED },
  helper: { title: "the library's stream helper: `stream()`, `MessageStream`, `sendMessageStream()`", ...SUCCESS },
  'helper-events': { title: 'its events: `on()`', ...SUCCESS },
  'helper-break': { title: 'it left by `break`', behaviour: LONG, ...ABORTED },
  'helper-abort': { title: 'it aborted', behaviour: LONG, ...ABORTED },
  'helper-drop': {
    title: 'it dropped by the server',
    behaviour: { chunks: 20, chunkDelayMs: 2, dropAfterChunks: 3 },
    outcome: 'error',
    errorType: 'dropped',
  },
  responses: { title: 'Responses', ...SUCCESS },
  'responses-parse': { title: 'Responses, parsed', behaviour: JSON_ANSWER, ...SUCCESS },
  'responses-stream': { title: 'Responses, a stream', ...SUCCESS },
  'responses-stream-with-response': { title: 'Responses, a stream by `withResponse()`', ...SUCCESS },
  'responses-stream-break': { title: 'Responses, a stream left by `break`', behaviour: LONG, ...ABORTED },
  'responses-helper': { title: 'Responses, the stream helper', ...SUCCESS },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof PATTERNS;
export const PATTERN_NAMES = Object.keys(PATTERNS) as readonly PatternName[];
