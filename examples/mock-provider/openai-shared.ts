import { type Random, randomText } from './random.ts';
import type { ErrorReply, Exchange } from './reply.ts';

/** The snapshot that an alias stood for when this was written; others get an invented date. */
const SNAPSHOTS: Record<string, string> = {
  'gpt-4o-mini': '2024-07-18',
  'gpt-4o': '2024-08-06',
  'gpt-4.1': '2025-04-14',
  'gpt-4.1-mini': '2025-04-14',
  'gpt-4.1-nano': '2025-04-14',
  'o3-mini': '2025-01-31',
  'o4-mini': '2025-04-16',
  'gpt-5': '2025-08-07',
  'gpt-5-mini': '2025-08-07',
  'gpt-5-nano': '2025-08-07',
};

const ERROR_TYPES: Record<number, [type: string, code: string | null, message: string]> = {
  400: ['invalid_request_error', null, 'We could not parse the JSON body of your request.'],
  401: ['invalid_request_error', 'invalid_api_key', 'Incorrect API key provided: sk-mock.'],
  403: ['invalid_request_error', 'unsupported_country_region_territory', 'Country, region, or territory not supported'],
  404: ['invalid_request_error', 'model_not_found', 'The model does not exist or you do not have access to it.'],
  429: ['requests', 'rate_limit_exceeded', 'Rate limit reached for requests per min (RPM): Limit 500, Used 500.'],
  500: ['server_error', null, 'The server had an error while processing your request. Sorry about that!'],
  503: ['server_error', null, 'The engine is currently overloaded, please try again later.'],
};

/** The dated model that answers for an alias, as responses name it. */
export function openaiModel(requested: string): string {
  if (/\d{4}-\d{2}-\d{2}$/.test(requested)) return requested;
  return `${requested}-${SNAPSHOTS[requested] ?? '2025-01-01'}`;
}

/** Rate limits, request id and server time of a successful answer. */
export function openaiHeaders({ random, behaviour }: Pick<Exchange, 'random' | 'behaviour'>): Record<string, string> {
  return {
    ...requestHeaders(random),
    'openai-organization': 'mock-organization',
    'openai-processing-ms': String(Math.round(behaviour.headerDelayMs) + 1),
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-limit-tokens': '200000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-remaining-tokens': String(Math.max(0, 200_000 - behaviour.promptTokens)),
    'x-ratelimit-reset-requests': '8.64s',
    'x-ratelimit-reset-tokens': '5ms',
  };
}

/** OpenAI's error body. */
export function openaiError(status: number, message: string | undefined, random: Random): ErrorReply {
  const known = ERROR_TYPES[status] ?? ERROR_TYPES[status < 500 ? 400 : 500];
  const [type, code, usual] = known ?? ['server_error', null, 'Unknown error'];
  // A refusal explains itself; the code of the usual failure would mislead.
  const body = { error: { message: message ?? usual, type, param: null, code: message === undefined ? code : null } };
  return { body, headers: requestHeaders(random) };
}

function requestHeaders(random: Random): Record<string, string> {
  return { 'openai-version': '2020-10-01', 'x-request-id': `req_${randomText(random, 32).toLowerCase()}` };
}
