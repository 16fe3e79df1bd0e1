import { OTHER } from '../cardinality.ts';
import type { AttributesOf, Instruments } from '../instruments.ts';
import type { RateLimit } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

/** A value is reported for this time after the answer that told it, or until its limit resets. */
const FRESH_MS = 120_000;
/** Limits of a day are the longest. */
const MAX_RESET_MS = 86_400_000;
const MAX_SERIES = 2000;

interface Told {
  readonly set: AttributesOf<'modelRateLimitRemaining'>;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly until: number;
}

/** What providers said last of their limits. Without further answers nobody knows how much is left, and nothing is reported. */
export class RateLimits {
  readonly #told = new Map<string, Told>();

  keep({ none }: BoundedAttributes, told: RateLimit, now = performance.now()): void {
    const { limit, remaining, resetMs = 0 } = told;
    const set = none
      .given('gen_ai.provider.name', told.provider)
      .given('gen_ai.request.model', told.requestModel)
      .given('server.address', told.serverAddress)
      .with('server.port', told.serverPort)
      .with('gaugeway.ratelimit.resource', told.resource);
    // Several models' limits in one series would be nobody's.
    if (Object.values(set.attributes).includes(OTHER)) return;
    const key = JSON.stringify(set.attributes);
    const until = now + Math.max(FRESH_MS, Math.min(resetMs, MAX_RESET_MS));
    this.#told.delete(key);
    this.#told.set(key, { set, limit, remaining, until });
    if (this.#told.size > MAX_SERIES) for (const [oldest] of this.#told) return void this.#told.delete(oldest);
  }

  observe(to: Instruments): void {
    const read = (part: 'limit' | 'remaining', report: (value: number, set: Told['set']) => void): void => {
      const now = performance.now();
      for (const [key, told] of this.#told) {
        const value = told[part];
        if (told.until < now) this.#told.delete(key);
        else if (value !== undefined) report(value, told.set);
      }
    };
    to.observe('modelRateLimitRemaining', (report) => read('remaining', report), 'absent');
    to.observe('modelRateLimitLimit', (report) => read('limit', report), 'absent');
  }
}
