import { anthropicError, countMessageTokens, message } from './anthropic.ts';
import { deepseekChat, deepseekError } from './deepseek.ts';
import { gemini, geminiError } from './gemini.ts';
import { groqChat, groqError } from './groq.ts';
import { mistralChat, mistralEmbeddings, mistralError } from './mistral.ts';
import { ollamaAnswer, ollamaEmbeddings, ollamaError } from './ollama.ts';
import { chatCompletion, embeddings } from './openai.ts';
import { image, moderation, speech, textCompletion, transcription } from './openai-media.ts';
import { response } from './openai-responses.ts';
import { openaiError, openaiHeaders } from './openai-shared.ts';
import type { Random } from './random.ts';
import type { ErrorReply, Exchange, Reply } from './reply.ts';
import { xaiChat, xaiError } from './xai.ts';

/** A path that is answered, in one provider's format. */
export interface Route {
  method: 'GET' | 'POST';
  provider: 'openai' | 'anthropic' | 'gemini' | 'groq' | 'mistral' | 'deepseek' | 'xai' | 'ollama';
  path: RegExp;
  reply(exchange: Exchange): Reply;
}

/** Who speaks OpenAI's format, but not quite, is told apart by how the base URL ends. */
const ROUTES: Route[] = [
  { method: 'POST', provider: 'groq', path: /^\/groq\/.*\/chat\/completions$/, reply: groqChat },
  { method: 'POST', provider: 'mistral', path: /^\/mistral\/.*\/(chat|fim)\/completions$/, reply: mistralChat },
  { method: 'POST', provider: 'mistral', path: /^\/mistral\/.*\/embeddings$/, reply: mistralEmbeddings },
  { method: 'POST', provider: 'deepseek', path: /^\/deepseek\/(.*\/)?chat\/completions$/, reply: deepseekChat },
  { method: 'POST', provider: 'xai', path: /^\/xai\/.*\/chat\/completions$/, reply: xaiChat },
  { method: 'POST', provider: 'ollama', path: /\/api\/(chat|generate)$/, reply: ollamaAnswer },
  { method: 'POST', provider: 'ollama', path: /\/api\/embed$/, reply: ollamaEmbeddings },
  { method: 'POST', provider: 'openai', path: /\/chat\/completions$/, reply: chatCompletion },
  { method: 'POST', provider: 'openai', path: /\/completions$/, reply: textCompletion },
  { method: 'POST', provider: 'openai', path: /\/images\/(generations|edits|variations)$/, reply: image },
  { method: 'POST', provider: 'openai', path: /\/audio\/(transcriptions|translations)$/, reply: transcription },
  { method: 'POST', provider: 'openai', path: /\/audio\/speech$/, reply: speech },
  { method: 'POST', provider: 'openai', path: /\/moderations$/, reply: moderation },
  { method: 'POST', provider: 'openai', path: /\/responses$/, reply: response },
  { method: 'POST', provider: 'openai', path: /\/embeddings$/, reply: embeddings },
  { method: 'POST', provider: 'anthropic', path: /\/v1\/messages$/, reply: message },
  { method: 'POST', provider: 'anthropic', path: /\/v1\/messages\/count_tokens$/, reply: countMessageTokens },
  { method: 'POST', provider: 'gemini', path: /\/models\/[^/]+:[a-zA-Z]+$/, reply: gemini },
  { method: 'GET', provider: 'openai', path: /\/models$/, reply: listModels },
];

/** The route for a request, or why there is none. */
export function findRoute(
  method: string,
  pathname: string,
): Route | { status: 404 | 405; provider: Route['provider'] } {
  const onPath = ROUTES.filter((route) => route.path.test(pathname));
  const found = onPath.find((route) => route.method === method);
  if (found) return found;
  const provider = onPath[0]?.provider ?? (pathname.includes('/v1beta') ? 'gemini' : 'openai');
  return { status: onPath.length > 0 ? 405 : 404, provider };
}

/** The model as the caller names it: in the path for Gemini and Azure, otherwise in the body. */
export function requestedModel(pathname: string, body: unknown): string | undefined {
  const inPath = /\/models\/([^/:]+):|\/deployments\/([^/]+)\//.exec(pathname);
  if (inPath) return decodeSafely(inPath[1] ?? inPath[2] ?? '');
  const named = typeof body === 'object' && body !== null && 'model' in body ? body.model : undefined;
  return typeof named === 'string' && named !== '' ? named : undefined;
}

/** A provider's way of saying no. */
export function refuse(
  provider: Route['provider'],
  status: number,
  explanation: string | undefined,
  random: Random,
): ErrorReply {
  if (provider === 'anthropic') return anthropicError(status, explanation, random);
  if (provider === 'gemini') return geminiError(status, explanation);
  if (provider === 'groq') return groqError(status, explanation);
  if (provider === 'mistral') return mistralError(status, explanation);
  if (provider === 'deepseek') return deepseekError(status, explanation);
  if (provider === 'xai') return xaiError(status, explanation);
  if (provider === 'ollama') return ollamaError(explanation);
  return openaiError(status, explanation, random);
}

function listModels(exchange: Exchange): Reply {
  const ids = ['gpt-4o-mini', 'gpt-4o', 'text-embedding-3-small'];
  const models = ids.map((id) => ({ id, object: 'model', created: 1_715_367_049, owned_by: 'system' }));
  return {
    kind: 'json',
    headers: openaiHeaders(exchange),
    body: { object: 'list', data: models },
    reportsUsage: false,
    tokens: { input: 0, output: 0, cachedInput: 0 },
  };
}

function decodeSafely(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
