import { reportUsage } from './behaviour.ts';
import { openaiError, openaiHeaders, openaiModel } from './openai-shared.ts';
import { randomText } from './random.ts';
import { answerTokens, type Exchange, isRecord, Refusal, type Reply, type StreamEvent, toolToCall } from './reply.ts';

/** `POST /chat/completions`. */
export function chatCompletion(exchange: Exchange): Reply {
  const { body, behaviour, random } = exchange;
  if (!Array.isArray(body.messages)) throw new Refusal(400, "Missing required parameter: 'messages'.");
  const stream = body.stream === true;
  const shared = {
    id: `chatcmpl-${randomText(random, 29)}`,
    object: stream ? 'chat.completion.chunk' : 'chat.completion',
    created: exchange.now,
    model: openaiModel(exchange.model),
  };
  const origin = { service_tier: 'default', system_fingerprint: `fp_${randomText(random, 10).toLowerCase()}` };
  const count = typeof body.n === 'number' && body.n > 0 ? Math.min(Math.floor(body.n), 128) : 1;
  const call = describeToolCall(exchange);
  const headers = openaiHeaders(exchange);
  const tokens = answerTokens(behaviour);
  if (!stream) {
    const message = {
      role: 'assistant',
      content: call ? null : behaviour.deltaText.repeat(behaviour.chunks),
      ...(call && { tool_calls: [call] }),
      refusal: null,
      annotations: [],
    };
    const choices = Array.from({ length: count }, (_, index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finishReason(call),
    }));
    return {
      kind: 'json',
      headers,
      body: { ...shared, choices, ...chatUsage(exchange), ...origin },
      reportsUsage: true,
      tokens,
    };
  }
  const withUsage = isRecord(body.stream_options) && body.stream_options.include_usage === true;
  const obfuscation = () =>
    behaviour.obfuscation ? { obfuscation: randomText(random, Math.floor(random() * 16)) } : {};
  const chunk = (choices: unknown[], usage: object): unknown => ({
    ...shared,
    ...origin,
    choices,
    ...usage,
    ...obfuscation(),
  });
  const events: StreamEvent[] = [];
  const push = (delta: object, reason: string | null, text: boolean): void => {
    for (let index = 0; index < count; index += 1) {
      const choice = { index, delta, logprobs: null, finish_reason: reason };
      const payload = chunk([choice], withUsage ? { usage: null } : {});
      events.push(text && index === 0 ? { payload, delta: true } : { payload });
    }
  };
  if (call) {
    push({ role: 'assistant', content: null, tool_calls: [openedToolCall(call)], refusal: null }, null, false);
    for (const piece of pieces(call.function.arguments, behaviour.chunks)) {
      push({ tool_calls: [{ index: 0, function: { arguments: piece } }] }, null, true);
    }
  } else {
    push({ role: 'assistant', content: '', refusal: null }, null, false);
    for (let index = 0; index < behaviour.chunks; index += 1) push({ content: behaviour.deltaText }, null, true);
  }
  push({}, finishReason(call), false);
  if (withUsage && behaviour.usage !== 'absent') events.push({ payload: chunk([], chatUsage(exchange)) });
  events.push({ payload: '[DONE]' });
  return {
    kind: 'stream',
    framing: 'sse',
    headers,
    events,
    fail: () => [{ payload: openaiError(500, undefined, random).body }],
    reportsUsage: withUsage,
    tokens,
  };
}

/** `POST /embeddings`. */
export function embeddings(exchange: Exchange): Reply {
  const { body, behaviour, random } = exchange;
  const { input } = body;
  if (input === undefined || input === '') throw new Refusal(400, "Missing required parameter: 'input'.");
  // A flat list of numbers is one input, already tokenised.
  const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
  const dimensions = typeof body.dimensions === 'number' ? Math.min(body.dimensions, 4096) : 16;
  const items = Array.from({ length: inputs }, (_, index) => {
    const vector = Float32Array.from({ length: dimensions }, () => random() * 2 - 1);
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  return {
    kind: 'json',
    headers: openaiHeaders(exchange),
    body: {
      object: 'list',
      data: items,
      model: exchange.model,
      ...reportUsage('usage', behaviour, (count) => ({
        prompt_tokens: count(behaviour.promptTokens),
        total_tokens: count(behaviour.promptTokens),
      })),
    },
    reportsUsage: true,
    tokens: { input: behaviour.promptTokens, output: 0, cachedInput: 0 },
  };
}

function chatUsage({ behaviour }: Exchange): object {
  return reportUsage('usage', behaviour, (count) => ({
    prompt_tokens: count(behaviour.promptTokens),
    completion_tokens: count(behaviour.completionTokens),
    total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
    prompt_tokens_details: {
      cached_tokens: count(behaviour.cachedTokens),
      audio_tokens: 0,
      ...(behaviour.cacheWriteTokens > 0 && { cache_write_tokens: count(behaviour.cacheWriteTokens) }),
    },
    completion_tokens_details: {
      reasoning_tokens: count(behaviour.reasoningTokens),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }));
}

interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

function describeToolCall(exchange: Exchange): ToolCall | undefined {
  const tool = toolToCall(exchange, exchange.body.messages);
  if (!isRecord(tool?.function)) return undefined;
  return {
    id: `call_${randomText(exchange.random, 24)}`,
    type: 'function',
    function: { name: String(tool.function.name), arguments: '{"location":"Paris, France","unit":"celsius"}' },
  };
}

function openedToolCall(call: ToolCall): object {
  return { index: 0, ...call, function: { name: call.function.name, arguments: '' } };
}

function finishReason(call: ToolCall | undefined): string {
  return call ? 'tool_calls' : 'stop';
}

function pieces(text: string, count: number): string[] {
  const length = Math.ceil(text.length / Math.max(1, count));
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );
}
