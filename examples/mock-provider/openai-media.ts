import { reportUsage } from './behaviour.ts';
import { openaiHeaders } from './openai-shared.ts';
import { randomText } from './random.ts';
import { answerTokens, type Exchange, Refusal, type Reply, type StreamEvent } from './reply.ts';

/** `POST /completions`. */
export function textCompletion(exchange: Exchange): Reply {
  const { body, behaviour, random } = exchange;
  if (body.prompt === undefined) throw new Refusal(400, "Missing required parameter: 'prompt'.");
  const shared = { id: `cmpl-${randomText(random, 29)}`, object: 'text_completion', created: exchange.now };
  const choice = (text: string, reason: string | null): object => ({
    ...shared,
    model: exchange.model,
    choices: [{ text, index: 0, logprobs: null, finish_reason: reason }],
  });
  const answer = { headers: openaiHeaders(exchange), tokens: answerTokens(behaviour) };
  if (body.stream !== true) {
    const usage = reportUsage('usage', behaviour, (count) => ({
      prompt_tokens: count(behaviour.promptTokens),
      completion_tokens: count(behaviour.completionTokens),
      total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
    }));
    const whole = choice(behaviour.deltaText.repeat(behaviour.chunks), 'stop');
    return { kind: 'json', body: { ...whole, ...usage }, reportsUsage: true, ...answer };
  }
  const events = Array.from(
    { length: behaviour.chunks },
    (): StreamEvent => ({ payload: choice(behaviour.deltaText, null), delta: true }),
  );
  events.push({ payload: choice('', 'stop') }, { payload: '[DONE]' });
  return { kind: 'stream', framing: 'sse', events, fail: () => [], reportsUsage: false, ...answer };
}

/** `POST /images/generations` and `POST /images/edits`. */
export function image(exchange: Exchange): Reply {
  return counted(exchange, { created: exchange.now, data: [{ b64_json: randomText(exchange.random, 400) }] });
}

/** `POST /audio/transcriptions` and `POST /audio/translations`. */
export function transcription(exchange: Exchange): Reply {
  if (exchange.body.file === undefined) throw new Refusal(400, "Missing required parameter: 'file'.");
  return counted(exchange, { text: exchange.behaviour.deltaText });
}

/** `POST /audio/speech`. */
export function speech(exchange: Exchange): Reply {
  const noTokens = { input: 0, output: 0, cachedInput: 0 };
  const body = Buffer.alloc(3000, 'ID3\u0004');
  return {
    kind: 'bytes',
    body,
    contentType: 'audio/mpeg',
    headers: openaiHeaders(exchange),
    reportsUsage: false,
    tokens: noTokens,
  };
}

/** `POST /moderations`. */
export function moderation(exchange: Exchange): Reply {
  const { random, model } = exchange;
  const results = [{ flagged: false, categories: {}, category_scores: {} }];
  const body = { id: `modr-${randomText(random, 24)}`, model, results };
  const tokens = { input: 0, output: 0, cachedInput: 0 };
  return { kind: 'json', headers: openaiHeaders(exchange), body, reportsUsage: false, tokens };
}

function counted(exchange: Exchange, body: object): Reply {
  const { behaviour } = exchange;
  const usage = reportUsage('usage', behaviour, (count) => ({
    type: 'tokens',
    input_tokens: count(behaviour.promptTokens),
    output_tokens: count(behaviour.completionTokens),
    total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
  }));
  return {
    kind: 'json',
    headers: openaiHeaders(exchange),
    body: { ...body, ...usage },
    reportsUsage: true,
    tokens: answerTokens(behaviour),
  };
}
