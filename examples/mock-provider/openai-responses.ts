import { reportUsage } from './behaviour.ts';
import { openaiHeaders, openaiModel } from './openai-shared.ts';
import { type Random, randomText } from './random.ts';
import { answerTokens, type Exchange, isRecord, Refusal, type Reply, type StreamEvent, toolToCall } from './reply.ts';

const TOOL_ARGUMENTS = '{"location":"Paris, France"}';

/** `POST /responses`. */
export function response(exchange: Exchange): Reply {
  const { body, behaviour, random } = exchange;
  if (body.input === undefined && body.prompt === undefined) {
    throw new Refusal(400, "Missing required parameter: 'input'.");
  }
  const outputs = describeOutputs(exchange);
  const limit = body.max_output_tokens;
  const incomplete = typeof limit === 'number' && limit < behaviour.completionTokens;
  const ending = incomplete
    ? { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    : { status: 'completed', completed_at: exchange.now + 1 };
  const open = describeResponse(exchange);
  const whole = {
    ...open,
    ...ending,
    output: outputs.map((output) => output.whole),
    ...responseUsage(exchange),
  };
  const headers = openaiHeaders(exchange);
  const tokens = answerTokens(behaviour);
  if (body.stream !== true) return { kind: 'json', headers, body: whole, reportsUsage: true, tokens };

  const events: StreamEvent[] = [];
  const push = (type: string, fields: object, delta = false): void => {
    const hidden = delta && behaviour.obfuscation ? { obfuscation: obfuscate(random) } : {};
    const payload = { type, sequence_number: events.length, ...fields, ...hidden };
    events.push(delta ? { name: type, payload, delta: true } : { name: type, payload });
  };
  push('response.created', { response: open });
  push('response.in_progress', { response: open });
  for (const [index, output] of outputs.entries()) pushOutput(push, output, index, exchange);
  push(`response.${incomplete ? 'incomplete' : 'completed'}`, { response: whole });
  const fail = (eventsSent: number) => failure(open, eventsSent);
  return { kind: 'stream', framing: 'sse', headers, events, fail, reportsUsage: true, tokens };
}

interface Output {
  kind: 'reasoning' | 'message' | 'function_call';
  id: string;
  opened: object;
  whole: object;
}

type Push = (type: string, fields: object, delta?: boolean) => void;

function pushOutput(push: Push, { kind, id, opened, whole }: Output, index: number, { behaviour }: Exchange): void {
  const place = { item_id: id, output_index: index };
  push('response.output_item.added', { output_index: index, item: opened });
  if (kind === 'function_call') {
    for (const delta of ['{"location":', '"Paris, France"}']) {
      push('response.function_call_arguments.delta', { ...place, delta }, true);
    }
    push('response.function_call_arguments.done', { ...place, arguments: TOOL_ARGUMENTS });
  }
  if (kind === 'message') {
    const part = { ...place, content_index: 0 };
    push('response.content_part.added', { ...part, part: outputText('') });
    for (let chunk = 0; chunk < behaviour.chunks; chunk += 1) {
      push('response.output_text.delta', { ...part, delta: behaviour.deltaText, logprobs: [] }, true);
    }
    const text = behaviour.deltaText.repeat(behaviour.chunks);
    push('response.output_text.done', { ...part, text, logprobs: [] });
    push('response.content_part.done', { ...part, part: outputText(text) });
  }
  push('response.output_item.done', { output_index: index, item: whole });
}

function describeOutputs(exchange: Exchange): Output[] {
  const { behaviour, random, body } = exchange;
  const outputs: Output[] = [];
  if (behaviour.reasoningTokens > 0) {
    const id = `rs_${randomText(random, 48).toLowerCase()}`;
    const item = { id, type: 'reasoning', summary: [] };
    outputs.push({ kind: 'reasoning', id, opened: item, whole: item });
  }
  const messages = typeof body.input === 'string' ? [{ role: 'user' }] : body.input;
  const tool = toolToCall(exchange, messages);
  if (tool?.type === 'function') {
    const id = `fc_${randomText(random, 48).toLowerCase()}`;
    const call = { id, type: 'function_call', call_id: `call_${randomText(random, 24)}`, name: String(tool.name) };
    const opened = { ...call, status: 'in_progress', arguments: '' };
    outputs.push({
      kind: 'function_call',
      id,
      opened,
      whole: { ...call, status: 'completed', arguments: TOOL_ARGUMENTS },
    });
  } else {
    const id = `msg_${randomText(random, 48).toLowerCase()}`;
    const item = { id, type: 'message', role: 'assistant' };
    const content = [outputText(behaviour.deltaText.repeat(behaviour.chunks))];
    const opened = { ...item, status: 'in_progress', content: [] };
    outputs.push({ kind: 'message', id, opened, whole: { ...item, status: 'completed', content } });
  }
  return outputs;
}

/** The response as it stands before any output. */
function describeResponse({ body, random, model, now }: Exchange): object {
  return {
    id: `resp_${randomText(random, 48).toLowerCase()}`,
    object: 'response',
    created_at: now,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: openaiModel(model),
    output: [],
    parallel_tool_calls: true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: isRecord(body.reasoning) ? body.reasoning : { effort: null, summary: null },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: body.metadata ?? {},
  };
}

function responseUsage({ behaviour }: Exchange): object {
  // The key is there even when nothing is known: an absent one must hide the null of the open response.
  if (behaviour.usage === 'absent') return { usage: undefined };
  return reportUsage('usage', behaviour, (count) => ({
    input_tokens: count(behaviour.promptTokens),
    input_tokens_details: {
      cached_tokens: count(behaviour.cachedTokens),
      ...(behaviour.cacheWriteTokens > 0 && { cache_write_tokens: count(behaviour.cacheWriteTokens) }),
    },
    output_tokens: count(behaviour.completionTokens),
    output_tokens_details: { reasoning_tokens: count(behaviour.reasoningTokens) },
    total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
  }));
}

function failure(open: object, eventsSent: number): StreamEvent[] {
  const code = 'server_error';
  const message = 'The server had an error while processing your request. Sorry about that!';
  const failed = { ...open, status: 'failed', error: { code, message } };
  return [
    { type: 'error', sequence_number: eventsSent, code, message, param: null },
    { type: 'response.failed', sequence_number: eventsSent + 1, response: failed },
  ].map((payload) => ({ name: payload.type, payload }));
}

function outputText(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function obfuscate(random: Random): string {
  return randomText(random, Math.floor(random() * 16));
}
