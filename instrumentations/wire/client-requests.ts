import { readError } from '../../src/recorders/failures.ts';
import { asBuffer } from './bytes.ts';
import type { Endpoints } from './endpoints.ts';
import { Exchanges } from './exchanges.ts';
import type { Asked } from './formats/format.ts';
import type { HeaderList } from './headers.ts';
import { watchHttp2Answer } from './http2-answer.ts';

/** A request as a client of AWS hands it to whatever sends it. */
export interface ClientRequest {
  readonly method?: unknown;
  readonly protocol?: unknown;
  readonly hostname?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
  readonly body?: unknown;
}

/** What such a client is given back. */
export interface ClientResponse {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** A request that is on its way. */
export interface SentRequest {
  answered(response: ClientResponse): void;
  failed(error: unknown): void;
}

/** Any of its hosts: only the path tells what is asked for. */
const BEDROCK = 'https://bedrock-runtime.us-east-1.amazonaws.com';

/** Requests of the client of Bedrock by `node:http2`, which no channel of Node tells of with its bodies. */
export function openBedrockRequests(endpoints: Endpoints): {
  describe(modelId: string, method: string): Asked & { readonly operation?: string };
  open(request: ClientRequest): SentRequest | undefined;
  close(): void;
} {
  const exchanges = new Exchanges(endpoints);
  return {
    describe(modelId, method) {
      const path = `/model/${encodeURIComponent(modelId)}/${method}`;
      const format = endpoints.find('POST', BEDROCK, path)?.format;
      return format === undefined ? { streaming: false } : { operation: format.operation, ...format.ask({}, path) };
    },
    open({ method, protocol, hostname, port, path, body }) {
      if (typeof method !== 'string' || typeof path !== 'string') return undefined;
      const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
      const exchange = exchanges.open(method, origin, path);
      if (exchange === undefined) return undefined;
      if (typeof body === 'string' || body instanceof Uint8Array) exchange.sending(asBuffer(body));
      exchange.sent();
      return {
        answered({ statusCode, headers, body: answer }) {
          const status = typeof statusCode === 'number' ? statusCode : 0;
          if (!watchHttp2Answer(exchange, status, headers as HeaderList, answer)) exchange.completed();
        },
        failed: (error) => exchange.failed(reasonOf(error)),
      };
    },
    close: () => exchanges.close(),
  };
}

/** Node cancels the streams of a connection that fails, and has what happened to it as the cause. */
function reasonOf(error: unknown): unknown {
  const cause = readError(error, 'code') === 'ERR_HTTP2_STREAM_CANCEL' ? readError(error, 'cause') : undefined;
  return readError(cause, 'code') === undefined ? error : cause;
}
