import { type Behaviour, reportUsage } from './behaviour.ts';
import { type Random, randomText } from './random.ts';
import {
  answerTokens,
  type ErrorReply,
  type Exchange,
  Refusal,
  type Reply,
  type StreamEvent,
  toolToCall,
} from './reply.ts';

const ERROR_TYPES: Record<number, [type: string, message: string]> = {
  400: ['invalid_request_error', 'messages: Field required'],
  401: ['authentication_error', 'invalid x-api-key'],
  403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
  404: ['not_found_error', 'model: not found'],
  413: ['request_too_large', 'Request exceeds the maximum allowed number of bytes.'],
  429: ['rate_limit_error', 'This request would exceed your rate limit.'],
  500: ['api_error', 'Internal server error'],
  529: ['overloaded_error', 'Overloaded'],
};

const SNAPSHOTS: Record<string, string> = {
  'claude-sonnet-4-5': '20250929',
  'claude-haiku-4-5': '20251001',
  'claude-opus-4-1': '20250805',
  'claude-opus-4-5': '20251101',
};

/** `POST /v1/messages`. */
export function message(exchange: Exchange): Reply {
  const { body, behaviour, random } = exchange;
  if (!Array.isArray(body.messages)) throw new Refusal(400, 'messages: Field required');
  if (typeof body.max_tokens !== 'number') throw new Refusal(400, 'max_tokens: Field required');
  const tool = toolToCall(exchange, body.messages);
  const snapshot = SNAPSHOTS[exchange.model];
  const blocks: ContentBlock[] = [];
  if (behaviour.reasoningTokens > 0)
    blocks.push({ type: 'thinking', text: 'Considering. ', signature: randomText(random, 64) });
  if (tool) blocks.push({ type: 'tool_use', id: `toolu_01${randomText(random, 22)}`, name: String(tool.name) });
  else blocks.push({ type: 'text' });
  const shell = {
    model: snapshot === undefined ? exchange.model : `${exchange.model}-${snapshot}`,
    id: `msg_01${randomText(random, 22)}`,
    type: 'message',
    role: 'assistant',
  };
  const stopReason = tool ? 'tool_use' : 'end_turn';
  const headers = anthropicHeaders(random);
  const tokens = answerTokens(behaviour);
  if (body.stream !== true) {
    const content = blocks.map((block) => wholeBlock(block, behaviour));
    return {
      kind: 'json',
      headers,
      body: {
        ...shell,
        content,
        stop_reason: stopReason,
        stop_sequence: null,
        ...messageUsage(behaviour, behaviour.completionTokens),
      },
      reportsUsage: true,
      tokens,
    };
  }
  const events: StreamEvent[] = [];
  const push = (name: string, fields: object, delta = false): void => {
    const payload = { type: name, ...fields };
    events.push(delta ? { name, payload, delta: true } : { name, payload });
  };
  // The real service counts the first token or so already here; the final number follows in message_delta.
  const opened = messageUsage(behaviour, Math.min(1, behaviour.completionTokens));
  const start = { ...shell, content: [], stop_reason: null, stop_sequence: null, ...opened };
  events.push({
    name: 'message_start',
    payload: { type: 'message_start', message: start },
    toldTokens: { ...tokens, output: 0 },
  });
  for (const [index, block] of blocks.entries()) {
    push('content_block_start', { index, content_block: openedBlock(block) });
    if (index === 0) push('ping', {});
    for (const delta of blockDeltas(block, behaviour)) {
      const carriesAnswer = block.type !== 'thinking';
      push('content_block_delta', { index, delta }, carriesAnswer);
    }
    push('content_block_stop', { index });
  }
  push('message_delta', {
    delta: { stop_reason: stopReason, stop_sequence: null },
    ...reportUsage('usage', behaviour, (count) => ({
      ...inputCounts(behaviour, count),
      output_tokens: count(behaviour.completionTokens),
      ...thinkingCounts(behaviour, count),
    })),
  });
  push('message_stop', {});
  const { body: error } = anthropicError(529, undefined, random);
  return {
    kind: 'stream',
    framing: 'sse',
    headers,
    events,
    fail: () => [{ name: 'error', payload: error }],
    reportsUsage: true,
    tokens,
  };
}

/** `POST /v1/messages/count_tokens`. */
export function countMessageTokens({ behaviour, random }: Exchange): Reply {
  return {
    kind: 'json',
    headers: anthropicHeaders(random),
    body: { input_tokens: behaviour.promptTokens },
    reportsUsage: false,
    tokens: { input: 0, output: 0, cachedInput: 0 },
  };
}

/** Anthropic's error body. */
export function anthropicError(status: number, message: string | undefined, random: Random): ErrorReply {
  const [type, usual] = ERROR_TYPES[status] ?? ERROR_TYPES[status < 500 ? 400 : 500] ?? ['api_error', 'Error'];
  const requestId = `req_01${randomText(random, 22)}`;
  return {
    body: { type: 'error', error: { type, message: message ?? usual }, request_id: requestId },
    headers: { 'request-id': requestId, 'x-should-retry': status === 429 || status >= 500 ? 'true' : 'false' },
  };
}

interface ContentBlock {
  type: 'text' | 'thinking' | 'tool_use';
  text?: string;
  signature?: string;
  id?: string;
  name?: string;
}

function openedBlock({ type, id, name }: ContentBlock): object {
  if (type === 'tool_use') return { type, id, name, input: {} };
  return type === 'thinking' ? { type, thinking: '', signature: '' } : { type, text: '' };
}

function wholeBlock({ type, text, signature, id, name }: ContentBlock, behaviour: Behaviour): object {
  if (type === 'tool_use') return { type, id, name, input: { location: 'Paris, France' } };
  if (type === 'thinking') return { type, thinking: text, signature };
  return { type, text: behaviour.deltaText.repeat(behaviour.chunks) };
}

function blockDeltas({ type, text, signature }: ContentBlock, behaviour: Behaviour): object[] {
  if (type === 'tool_use') {
    return ['', '{"location":', ' "Paris, France"}'].map((json) => ({ type: 'input_json_delta', partial_json: json }));
  }
  if (type === 'thinking') {
    return [
      { type: 'thinking_delta', thinking: text },
      { type: 'signature_delta', signature },
    ];
  }
  return Array.from({ length: behaviour.chunks }, () => ({ type: 'text_delta', text: behaviour.deltaText }));
}

type Count = (value: number) => number | string;

/** Anthropic leaves cached tokens out of `input_tokens`. */
function inputCounts({ promptTokens, cachedTokens, cacheWriteTokens }: Behaviour, count: Count): object {
  return {
    input_tokens: count(Math.max(0, promptTokens - cachedTokens - cacheWriteTokens)),
    cache_creation_input_tokens: count(cacheWriteTokens),
    cache_read_input_tokens: count(cachedTokens),
  };
}

function thinkingCounts({ reasoningTokens }: Behaviour, count: Count): object {
  return reasoningTokens > 0 ? { output_tokens_details: { thinking_tokens: count(reasoningTokens) } } : {};
}

function messageUsage(behaviour: Behaviour, outputTokens: number): object {
  return reportUsage('usage', behaviour, (count) => ({
    ...inputCounts(behaviour, count),
    cache_creation: {
      ephemeral_5m_input_tokens: count(behaviour.cacheWriteTokens),
      ephemeral_1h_input_tokens: 0,
    },
    output_tokens: count(outputTokens),
    ...(outputTokens === behaviour.completionTokens && thinkingCounts(behaviour, count)),
    service_tier: 'standard',
  }));
}

function anthropicHeaders(random: Random): Record<string, string> {
  const reset = new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString().replace('.000Z', 'Z');
  const limits = { requests: 4000, tokens: 480_000, 'input-tokens': 400_000, 'output-tokens': 80_000 };
  const headers: Record<string, string> = {
    'request-id': `req_01${randomText(random, 22)}`,
    'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
  };
  for (const [name, limit] of Object.entries(limits)) {
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit);
    headers[`anthropic-ratelimit-${name}-remaining`] = String(limit - 1);
    headers[`anthropic-ratelimit-${name}-reset`] = reset;
  }
  return headers;
}
