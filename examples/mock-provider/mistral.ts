import { type Behaviour, reportUsage } from './behaviour.ts';
import { compatibleChat, type Dialect } from './compatible.ts';
import { randomText } from './random.ts';
import type { ErrorReply, Exchange, Reply } from './reply.ts';

/** Mistral tells the usage of a stream with the last chunk. */
const DIALECT: Dialect = {
  idPrefix: '',
  chunk: ({ behaviour }, at) => (at === 'last' ? usage(behaviour) : {}),
  whole: ({ behaviour }) => usage(behaviour),
  refuse: mistralError,
};

/** `POST /v1/chat/completions` and `POST /v1/fim/completions`. */
export function mistralChat(exchange: Exchange): Reply {
  return compatibleChat(exchange, DIALECT);
}

/** `POST /v1/embeddings`. */
export function mistralEmbeddings({ behaviour, model, random }: Exchange): Reply {
  const embedding = Array.from({ length: 16 }, () => random() * 2 - 1);
  return {
    kind: 'json',
    headers: {},
    body: {
      id: randomText(random, 32),
      object: 'list',
      model,
      data: [{ object: 'embedding', index: 0, embedding }],
      ...usage({ ...behaviour, completionTokens: 0 }),
    },
    reportsUsage: true,
    tokens: { input: behaviour.promptTokens, output: 0, cachedInput: 0 },
  };
}

const TYPES: Record<number, [type: string, code: string]> = {
  400: ['invalid_model', '1500'],
  404: ['resource_not_found', '1900'],
  429: ['rate_limited', '1300'],
  503: ['internal_server_error', '1000'],
};

/** Mistral's error bodies: those of its models and those of its front door. */
export function mistralError(status: number, message = 'Mock of an error.'): ErrorReply {
  if (status === 401) return { body: { detail: 'Unauthorized' }, headers: {} };
  const [type, code] = TYPES[status] ?? ['internal_server_error', '1000'];
  return { body: { object: 'error', message, type, param: null, code }, headers: {} };
}

function usage(behaviour: Behaviour): object {
  return reportUsage('usage', behaviour, (count) => ({
    prompt_tokens: count(behaviour.promptTokens),
    completion_tokens: count(behaviour.completionTokens),
    total_tokens: count(behaviour.promptTokens + behaviour.completionTokens),
    prompt_tokens_details: { cached_tokens: count(behaviour.cachedTokens) },
  }));
}
