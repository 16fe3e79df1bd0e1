import { type Behaviour, reportUsage } from './behaviour.ts';
import { type Random, randomText } from './random.ts';
import {
  answerTokens,
  type ErrorReply,
  type Exchange,
  isRecord,
  Refusal,
  type Reply,
  type StreamEvent,
} from './reply.ts';

const STATUSES: Record<number, [name: string, message: string]> = {
  400: ['INVALID_ARGUMENT', 'Request contains an invalid argument.'],
  401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  403: ['PERMISSION_DENIED', 'Permission denied.'],
  404: ['NOT_FOUND', 'The model is not found for API version v1beta.'],
  429: ['RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.'],
  500: ['INTERNAL', 'An internal error has occurred.'],
  503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'],
  504: ['DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'],
};

const HEADERS = { vary: 'Origin, X-Origin, Referer', server: 'scaffolding on HTTPServer2' };

/** `POST /models/{model}:{method}`. */
export function gemini(exchange: Exchange): Reply {
  const method = exchange.pathname.slice(exchange.pathname.lastIndexOf(':') + 1);
  if (/generateContent$/i.test(method) && !Array.isArray(exchange.body.contents)) {
    throw new Refusal(400, '* GenerateContentRequest.contents: contents is not specified');
  }
  if (method === 'generateContent') return generateContent(exchange);
  if (method === 'streamGenerateContent') return streamGenerateContent(exchange);
  const { behaviour, random, body } = exchange;
  const embedding = () => ({ values: Array.from({ length: 16 }, () => random() * 2 - 1) });
  const input = { input: behaviour.promptTokens, output: 0, cachedInput: 0 };
  const usage = reportUsage('usageMetadata', behaviour, (count) => ({
    promptTokenCount: count(behaviour.promptTokens),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: count(behaviour.promptTokens) }],
  }));
  if (method === 'embedContent') return json({ embedding: embedding(), ...usage }, true, input);
  if (method === 'batchEmbedContents') {
    if (!Array.isArray(body.requests)) throw new Refusal(400, 'BatchEmbedContentsRequest.requests: required');
    return json({ embeddings: body.requests.map(embedding), ...usage }, true, input);
  }
  if (method === 'countTokens') {
    const totalTokens = behaviour.promptTokens;
    const details = [{ modality: 'TEXT', tokenCount: totalTokens }];
    return json({ totalTokens, promptTokensDetails: details }, false, { input: 0, output: 0, cachedInput: 0 });
  }
  throw new Refusal(404, `Method ${method} is not found.`);
}

/** Google's error body. */
export function geminiError(status: number, message: string | undefined): ErrorReply {
  const [name, usual] = STATUSES[status] ?? STATUSES[status < 500 ? 400 : 500] ?? ['UNKNOWN', 'Unknown'];
  return { body: { error: { code: status, message: message ?? usual, status: name } }, headers: HEADERS, pretty: true };
}

function generateContent(exchange: Exchange): Reply {
  const { behaviour } = exchange;
  const call = functionCall(exchange);
  const parts = call ? [call] : [{ text: behaviour.deltaText.repeat(behaviour.chunks) }];
  const candidate = { content: { parts, role: 'model' }, finishReason: 'STOP', index: 0 };
  const body = {
    candidates: [candidate],
    ...usageMetadata(behaviour, behaviour.completionTokens),
    ...identity(exchange, exchange.random),
  };
  return json(body, true, answerTokens(behaviour));
}

function streamGenerateContent(exchange: Exchange): Reply {
  const { behaviour } = exchange;
  const own = identity(exchange, exchange.random);
  const call = functionCall(exchange);
  const parts = call ? [call] : Array.from({ length: behaviour.chunks }, () => ({ text: behaviour.deltaText }));
  const events: StreamEvent[] = parts.map((part, index) => {
    // The real service reports the tokens so far with every chunk; only the last one is the whole truth.
    const soFar = Math.floor((behaviour.completionTokens * (index + 1)) / (parts.length + 1));
    const candidate = { content: { parts: [part], role: 'model' }, index: 0 };
    const payload = { candidates: [candidate], ...usageMetadata(behaviour, soFar), ...own };
    // Cut off here, a client knows that so much was written, and not how much is billed.
    return { payload, delta: true, toldTokens: { ...answerTokens(behaviour), output: 0 } };
  });
  const last = { content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 };
  events.push({
    payload: { candidates: [last], ...usageMetadata(behaviour, behaviour.completionTokens), ...own },
  });
  return {
    kind: 'stream',
    framing: exchange.query.get('alt') === 'sse' ? 'sse' : 'json-array',
    google: true,
    headers: HEADERS,
    events,
    fail: () => [{ payload: geminiError(503, undefined).body }],
    reportsUsage: true,
    tokens: answerTokens(behaviour),
  };
}

function functionCall({ body }: Exchange): object | undefined {
  const tool: unknown = Array.isArray(body.tools) ? body.tools[0] : undefined;
  const declarations = isRecord(tool) ? tool.functionDeclarations : undefined;
  const first: unknown = Array.isArray(declarations) ? declarations[0] : undefined;
  const last: unknown = Array.isArray(body.contents) ? body.contents.at(-1) : undefined;
  if (!isRecord(first) || !isRecord(last) || last.role === 'model') return undefined;
  const answersCall =
    Array.isArray(last.parts) && last.parts.some((part) => isRecord(part) && 'functionResponse' in part);
  return answersCall ? undefined : { functionCall: { name: String(first.name), args: { location: 'Paris, France' } } };
}

/** Google counts thoughts beside the candidates, not in them, and leaves zero counts out. */
function usageMetadata(behaviour: Behaviour, outputTokens: number): object {
  const { promptTokens, cachedTokens } = behaviour;
  const thoughts = Math.min(behaviour.reasoningTokens, outputTokens);
  return reportUsage('usageMetadata', behaviour, (count) => ({
    promptTokenCount: count(promptTokens),
    candidatesTokenCount: count(outputTokens - thoughts),
    totalTokenCount: count(promptTokens + outputTokens),
    ...(cachedTokens > 0 && { cachedContentTokenCount: count(cachedTokens) }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: count(promptTokens) }],
    ...(cachedTokens > 0 && { cacheTokensDetails: [{ modality: 'TEXT', tokenCount: count(cachedTokens) }] }),
    ...(thoughts > 0 && { thoughtsTokenCount: count(thoughts) }),
  }));
}

function identity({ model }: Exchange, random: Random): object {
  return { modelVersion: model, responseId: randomText(random, 22) };
}

function json(body: unknown, reportsUsage: boolean, tokens: Reply['tokens']): Reply {
  return { kind: 'json', headers: HEADERS, body, pretty: true, reportsUsage, tokens };
}
