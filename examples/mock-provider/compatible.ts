import type { Behaviour } from './behaviour.ts';
import { randomText } from './random.ts';
import { answerTokens, type ErrorReply, type Exchange, Refusal, type Reply, type StreamEvent } from './reply.ts';

/** How a provider that speaks OpenAI's format differs from OpenAI. */
export interface Dialect {
  readonly idPrefix: string;
  readonly headers?: Record<string, string>;
  /** Fields that a chunk of a stream has beside the usual ones; `written` is the output so far. */
  chunk(exchange: Exchange, at: 'first' | 'middle' | 'last', written: number): object;
  /** Fields that a whole answer has beside the usual ones. */
  whole(exchange: Exchange): object;
  /** Whether every chunk tells the usage so far. */
  readonly isRunning?: true;
  refuse(status: number, message: string | undefined): ErrorReply;
}

/** `POST /chat/completions` and what answers like it, in a dialect; the usage of a stream is never asked for. */
export function compatibleChat(exchange: Exchange, dialect: Dialect): Reply {
  const { body, behaviour, random } = exchange;
  if (!Array.isArray(body.messages) && typeof body.prompt !== 'string') throw new Refusal(400, 'messages is required');
  const isStream = body.stream === true;
  const shared = {
    id: `${dialect.idPrefix}${randomText(random, 24)}`,
    object: isStream ? 'chat.completion.chunk' : 'chat.completion',
    created: exchange.now,
    model: exchange.model,
  };
  const answer = { headers: dialect.headers ?? {}, reportsUsage: true, tokens: answerTokens(behaviour) };
  if (!isStream) {
    const message = { role: 'assistant', content: behaviour.deltaText.repeat(behaviour.chunks), tool_calls: null };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    return { kind: 'json', body: { ...shared, choices, ...dialect.whole(exchange) }, ...answer };
  }
  const events: StreamEvent[] = [];
  const push = (delta: object, at: 'first' | 'middle' | 'last', written: number): void => {
    const choices = [{ index: 0, delta, finish_reason: at === 'last' ? 'stop' : null }];
    const event: StreamEvent = { payload: { ...shared, choices, ...dialect.chunk(exchange, at, written) } };
    if (at === 'middle') event.delta = true;
    // What was written so far is not what will be billed.
    if (dialect.isRunning && at !== 'last') event.toldTokens = { ...answer.tokens, output: 0 };
    events.push(event);
  };
  push({ role: 'assistant', content: '' }, 'first', 0);
  for (let index = 0; index < behaviour.chunks; index += 1) {
    push({ content: behaviour.deltaText }, 'middle', writtenAfter(behaviour, index));
  }
  push({ content: '' }, 'last', behaviour.completionTokens);
  events.push({ payload: '[DONE]' });
  return {
    kind: 'stream',
    framing: 'sse',
    events,
    fail: () => [{ payload: dialect.refuse(500, undefined).body }],
    ...answer,
  };
}

function writtenAfter({ completionTokens, chunks }: Behaviour, index: number): number {
  return Math.floor((completionTokens * (index + 1)) / (chunks + 1));
}
