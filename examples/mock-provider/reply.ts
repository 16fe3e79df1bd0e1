import type { Behaviour } from './behaviour.ts';
import type { Random } from './random.ts';

/** What a wire format is given to build its reply from. */
export interface Exchange {
  pathname: string;
  query: URLSearchParams;
  /** The parsed body of a request that has one. */
  body: Record<string, unknown>;
  /** The model as requested; never empty. */
  model: string;
  behaviour: Behaviour;
  random: Random;
  /** Seconds since the epoch. */
  now: number;
}

/** One event of a stream; `delta` marks the ones that carry text, which pace and faults count. */
export interface StreamEvent {
  /** The `event:` line, where the format has one. */
  name?: string;
  /** JSON, or text that is sent as it is. */
  payload: unknown;
  delta?: true;
  /** The usage known to a client that has seen the stream up to here; counts where it is cut off. */
  toldTokens?: Tokens;
}

export interface JsonReply {
  kind: 'json';
  body: unknown;
  headers: Record<string, string>;
  /** Gemini indents its JSON. */
  pretty?: true;
  /** Whether the client is told the usage at all. */
  reportsUsage: boolean;
  /** The tokens that this reply stands for. */
  tokens: Tokens;
}

/** An answer that is no JSON. */
export interface BytesReply {
  kind: 'bytes';
  body: Buffer;
  contentType: string;
  headers: Record<string, string>;
  reportsUsage: boolean;
  tokens: Tokens;
}

export interface StreamReply {
  kind: 'stream';
  framing: 'sse' | 'json-array' | 'lines';
  /** Google's servers end lines in CRLF and write `": "`. */
  google?: true;
  headers: Record<string, string>;
  events: StreamEvent[];
  /** The provider's in-stream error, after so many events. */
  fail(eventsSent: number): StreamEvent[];
  reportsUsage: boolean;
  tokens: Tokens;
}

export interface Tokens {
  input: number;
  output: number;
  cachedInput: number;
}

export type Reply = JsonReply | BytesReply | StreamReply;

/** A provider's way of saying no. */
export interface ErrorReply {
  body: unknown;
  headers: Record<string, string>;
  pretty?: true;
}

/** A request that the provider would refuse. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The tokens of a generated answer. */
export function answerTokens(behaviour: Behaviour): Tokens {
  return {
    input: behaviour.promptTokens,
    output: behaviour.completionTokens,
    cachedInput: behaviour.cachedTokens,
  };
}

/** The first declared tool, if the last message is the user's, no tool's result, and tools are not forbidden: then the model calls it. */
export function toolToCall(exchange: Exchange, messages: unknown): Record<string, unknown> | undefined {
  const { tools, tool_choice: choice } = exchange.body;
  const lastMessage: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const first: unknown = Array.isArray(tools) ? tools[0] : undefined;
  if (!isRecord(first) || choice === 'none' || (isRecord(choice) && choice.type === 'none')) return undefined;
  if (!isRecord(lastMessage) || lastMessage.role !== 'user') return undefined;
  const { content } = lastMessage;
  return Array.isArray(content) && content.some(isToolResult) ? undefined : first;
}

/** Anthropic's, which the user hands in. */
function isToolResult(block: unknown): boolean {
  return isRecord(block) && block.type === 'tool_result';
}
