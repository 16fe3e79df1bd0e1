import { OTHER } from '../cardinality.ts';
import type { ModelAttempt, ModelCall, RateLimit } from '../observations.ts';

/** What is known of the calls of one model in the last half hour to hour. */
export interface ModelFacts {
  calls: number;
  attempts: number;
  retries: number;
  /** Calls whose answer was cut at the limit of output tokens. */
  cut: number;
  /** Calls that told how much of their input came from the provider's cache, and those tokens. */
  cacheable: number;
  input: number;
  cacheRead: number;
  /** The smallest share that was left of one of its rate limits, 1 where none was told, and that limit's resource. */
  headroom: number;
  headroomOf: string;
}

/** Those that add up. */
const SUMS = ['calls', 'attempts', 'retries', 'cut', 'cacheable', 'input', 'cacheRead'] as const;

const HALF_HOUR_MS = 1_800_000;
const MAX_MODELS = 200;
/** `finish_reason` of an answer that was cut, as the providers spell it. */
const CUT = new Set(['length', 'max_tokens', 'MAX_TOKENS', 'max_output_tokens']);

/** Adds up what calls tell of how a model is used, in two halves: the older one goes when the newer one is full. */
export class ModelUse {
  #current = new Map<string, ModelFacts>();
  #previous = new Map<string, ModelFacts>();
  #since = Number.NEGATIVE_INFINITY;

  call(call: ModelCall, now: number): void {
    const facts = this.#of(call.requestModel, now);
    facts.calls++;
    if (call.finishReasons.some((reason) => CUT.has(reason))) facts.cut++;
    const { input, cacheRead } = call.usage ?? {};
    if (input === undefined || cacheRead === undefined) return;
    facts.cacheable++;
    facts.input += input;
    facts.cacheRead += cacheRead;
  }

  attempt(attempt: ModelAttempt, now: number): void {
    const facts = this.#of(attempt.requestModel, now);
    facts.attempts++;
    if (attempt.retryOf !== undefined) facts.retries++;
  }

  rateLimit({ requestModel, resource, limit, remaining }: RateLimit, now: number): void {
    if (limit === undefined || remaining === undefined || !(limit > 0)) return;
    lower(this.#of(requestModel, now), remaining / limit, resource);
  }

  /** By model. */
  all(now: number): Map<string, ModelFacts> {
    this.#moveTo(now);
    const sums = new Map<string, ModelFacts>();
    for (const half of [this.#previous, this.#current]) {
      for (const [model, facts] of half) {
        const sum = sums.get(model) ?? nothing();
        for (const key of SUMS) sum[key] += facts[key];
        lower(sum, facts.headroom, facts.headroomOf);
        sums.set(model, sum);
      }
    }
    return sums;
  }

  clear(): void {
    this.#current.clear();
    this.#previous.clear();
  }

  #of(model: string | undefined, now: number): ModelFacts {
    this.#moveTo(now);
    const name = model !== undefined && (this.#current.has(model) || this.#current.size < MAX_MODELS) ? model : OTHER;
    let facts = this.#current.get(name);
    if (facts === undefined) {
      facts = nothing();
      this.#current.set(name, facts);
    }
    return facts;
  }

  #moveTo(now: number): void {
    if (now - this.#since < HALF_HOUR_MS) return;
    this.#previous = now - this.#since < 2 * HALF_HOUR_MS ? this.#current : new Map();
    this.#current = new Map();
    this.#since = now;
  }
}

function nothing(): ModelFacts {
  return {
    calls: 0,
    attempts: 0,
    retries: 0,
    cut: 0,
    cacheable: 0,
    input: 0,
    cacheRead: 0,
    headroom: 1,
    headroomOf: '',
  };
}

function lower(facts: ModelFacts, headroom: number, resource: string): void {
  if (headroom >= facts.headroom) return;
  facts.headroom = headroom;
  facts.headroomOf = resource;
}
