import type { Behaviour } from './behaviour.ts';
import { createRandom, logNormal } from './random.ts';
import { isRecord } from './reply.ts';
import { requestedModel } from './routes.ts';
import type { ReceivedRequest } from './wire.ts';

interface Pace {
  firstChunkMs: number;
  perChunkMs: number;
}

/** Medians by what the model's name says of its size; the first match counts. */
const PACES: [name: RegExp, pace: Pace][] = [
  [/embedding/, { firstChunkMs: 40, perChunkMs: 0 }],
  [/nano|lite/, { firstChunkMs: 140, perChunkMs: 8 }],
  [/mini|haiku|flash|small/, { firstChunkMs: 220, perChunkMs: 14 }],
  [/opus|^o\d|pro\b/, { firstChunkMs: 900, perChunkMs: 45 }],
];
const MIDDLE: Pace = { firstChunkMs: 450, perChunkMs: 26 };

const RATE_LIMITED = 0.03;
const FAILED = 0.01;
const DROPPED = 0.01;
const CACHED_SHARE = 0.2;
const TOKENS_PER_CHUNK = 6;
const MAX_CHUNKS = 60;

/**
 * A day at a provider: log-normal latencies and token counts, small models faster, and a few failures.
 * The same seed and the same order of requests give the same answers.
 */
export function realisticBehaviour(seed = 1): (request: ReceivedRequest) => Partial<Behaviour> {
  const random = createRandom(seed);
  return ({ path, body }) => {
    const model = requestedModel(path, body) ?? '';
    const pace = PACES.find(([name]) => name.test(model))?.[1] ?? MIDDLE;
    const firstChunkDelayMs = logNormal(random, pace.firstChunkMs, 0.4);
    const fate = random();
    if (fate < RATE_LIMITED) return { status: 429, retryAfterSeconds: 1, headerDelayMs: firstChunkDelayMs / 4 };
    if (fate < RATE_LIMITED + FAILED) return { status: 500, headerDelayMs: firstChunkDelayMs };
    const promptTokens = Math.max(1, Math.round(logNormal(random, 600, 0.8)));
    const completionTokens = Math.max(1, Math.round(logNormal(random, 120, 0.7)));
    const cachedShare = Math.min(0.95, logNormal(random, CACHED_SHARE * 0.9, 0.5));
    const chunks = Math.min(MAX_CHUNKS, Math.max(1, Math.ceil(completionTokens / TOKENS_PER_CHUNK)));
    const chunkDelayMs = logNormal(random, pace.perChunkMs, 0.3);
    const answer = {
      promptTokens,
      completionTokens,
      cachedTokens: Math.floor(promptTokens * cachedShare),
      chunks,
      deltaText: 'lorem ipsum dolor sit amet elit ',
    };
    if (isStreamed(path, body)) {
      const drop = fate < RATE_LIMITED + FAILED + DROPPED ? { dropAfterChunks: Math.ceil(chunks / 2) } : {};
      // Real providers answer with headers at once or with the first token; half of the time each is close enough.
      const headerDelayMs = firstChunkDelayMs / 2;
      return { ...answer, headerDelayMs, firstChunkDelayMs: firstChunkDelayMs / 2, chunkDelayMs, ...drop };
    }
    return { ...answer, headerDelayMs: firstChunkDelayMs + chunks * chunkDelayMs };
  };
}

function isStreamed(path: string, body: unknown): boolean {
  return path.endsWith(':streamGenerateContent') || (isRecord(body) && body.stream === true);
}
