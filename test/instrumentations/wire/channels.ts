import { channel } from 'node:diagnostics_channel';
import { wireInstrumentation } from '../../../instrumentations/wire.ts';
import type { DropReason, ModelCall, RateLimit } from '../../../src/index.ts';
import { observe } from '../../../src/index.ts';
import type { ModelEndpoint } from '../../../src/options.ts';

const channels = Object.fromEntries(
  ['create', 'bodyChunkSent', 'bodySent', 'headers', 'bodyChunkReceived', 'trailers', 'error'].map((name) => [
    name,
    channel(`undici:request:${name}`),
  ]),
);

/** An exchange as undici would publish it. */
export interface PublishedExchange {
  readonly method?: string;
  readonly origin?: string;
  readonly path: string;
  readonly sent?: readonly (Buffer | string)[];
  /** Undefined: no answer came. */
  readonly status?: number | undefined;
  /** Status codes of heads that come before the answer's, and before the request is out. */
  readonly hints?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly received?: readonly Buffer[];
  /** Undefined: it ended whole. */
  readonly error?: unknown;
  /** The wire is no longer watched as soon as it ended: nothing waits for a body that is being decoded. */
  readonly stopsAtOnce?: boolean;
}

export interface Told {
  readonly calls: readonly ModelCall[];
  readonly rateLimits: readonly RateLimit[];
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

/** Publishes an exchange on undici's channels while the wire is watched, and returns what the observation stream tells. */
export async function tell(exchange: PublishedExchange, modelEndpoints: readonly ModelEndpoint[] = []): Promise<Told> {
  const calls: ModelCall[] = [];
  const rateLimits: RateLimit[] = [];
  const dropped: Partial<Record<DropReason, number>> = {};
  const stop = observe({
    observed(observation) {
      if (observation.kind === 'model_call') calls.push(observation);
      if (observation.kind === 'rate_limit') rateLimits.push(observation);
    },
    dropped: (reason, count) => {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    },
  });
  const wire = wireInstrumentation({ modelEndpoints });
  wire.enable();
  const publish = (name: string, message: object): void => channels[name]?.publish({ request, ...message });
  const request = {
    method: exchange.method ?? 'POST',
    origin: exchange.origin ?? 'http://127.0.0.1:4010',
    path: exchange.path,
  };
  publish('create', {});
  for (const statusCode of exchange.hints ?? []) {
    publish('headers', { response: { statusCode, headers: [], statusText: '' } });
  }
  for (const chunk of exchange.sent ?? []) publish('bodyChunkSent', { chunk });
  if (exchange.sent !== undefined) publish('bodySent', {});
  if (exchange.status !== undefined) {
    const headers = Object.entries(exchange.headers ?? {}).flatMap((pair) => pair.map((part) => Buffer.from(part)));
    publish('headers', { response: { statusCode: exchange.status, headers, statusText: '' } });
  }
  for (const chunk of exchange.received ?? []) publish('bodyChunkReceived', { chunk });
  if ('error' in exchange) publish('error', { error: exchange.error });
  else publish('trailers', { trailers: [] });
  // A compressed body is decoded on another thread.
  const isDecoded = 'content-encoding' in (exchange.headers ?? {}) && exchange.stopsAtOnce !== true;
  for (let turn = 0; calls.length === 0 && turn < 20_000 && isDecoded; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  wire.disable();
  stop();
  return { calls, rateLimits, dropped };
}

/** What must not depend on how the bytes were cut. */
export function essence({ calls, dropped }: Pick<Told, 'calls' | 'dropped'>): unknown {
  const told = calls.map(({ requestModel, responseModel, responseId, finishReasons, usage, outcome, errorType }) => ({
    requestModel,
    responseModel,
    responseId,
    finishReasons,
    usage,
    outcome,
    errorType,
  }));
  return { told, dropped };
}

/** Cuts bytes at the given places, which may be beyond the end. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of [...sorted, bytes.length]) {
    if (place > from) pieces.push(bytes.subarray(from, place));
    from = Math.max(from, place);
  }
  return pieces;
}
