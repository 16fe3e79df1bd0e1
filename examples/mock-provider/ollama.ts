import type { Behaviour } from './behaviour.ts';
import { answerTokens, type ErrorReply, type Exchange, type Reply, type StreamEvent } from './reply.ts';

/** `POST /api/chat` and `POST /api/generate`: a stream of JSON lines, unless one document is asked for. */
export function ollamaAnswer(exchange: Exchange): Reply {
  const { behaviour, body, pathname } = exchange;
  const say = (content: string): object =>
    pathname.endsWith('/chat') ? { message: { role: 'assistant', content } } : { response: content };
  const line = (content: string, done: boolean): object => ({
    model: exchange.model,
    created_at: new Date(exchange.now * 1000).toISOString(),
    ...say(content),
    done,
    ...(done && { done_reason: 'stop', ...counts(behaviour, behaviour.completionTokens) }),
  });
  const answer = { headers: {}, reportsUsage: true, tokens: answerTokens(behaviour) };
  if (body.stream === false) {
    return { kind: 'json', body: line(behaviour.deltaText.repeat(behaviour.chunks), true), ...answer };
  }
  const events = Array.from(
    { length: behaviour.chunks },
    (): StreamEvent => ({ payload: line(behaviour.deltaText, false), delta: true }),
  );
  events.push({ payload: line('', true) });
  return { kind: 'stream', framing: 'lines', events, fail: () => [{ payload: ollamaError().body }], ...answer };
}

/** `POST /api/embed`. */
export function ollamaEmbeddings({ behaviour, model, random }: Exchange): Reply {
  const embeddings = [Array.from({ length: 16 }, () => random() * 2 - 1)];
  return {
    kind: 'json',
    headers: {},
    body: { model, embeddings, ...counts(behaviour, undefined) },
    reportsUsage: true,
    tokens: { input: behaviour.promptTokens, output: 0, cachedInput: 0 },
  };
}

/** Ollama's error body: one sentence. */
export function ollamaError(message = 'an error was encountered while running the model'): ErrorReply {
  return { body: { error: message }, headers: {} };
}

function counts({ usage, promptTokens }: Behaviour, output: number | undefined): object {
  if (usage === 'absent') return {};
  const written = output === undefined ? {} : { eval_count: output, eval_duration: 4_535_599_000 };
  return { total_duration: 4_883_583_458, load_duration: 1_334_875, prompt_eval_count: promptTokens, ...written };
}
