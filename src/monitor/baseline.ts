import type { Limits } from './limits.ts';
import type { Run } from './run.ts';

/** After this many values the oldest ones fade: a baseline follows what changes slowly. */
const MEMORY = 500;
/** Once it is known, every sixteenth value is enough to follow it. */
const SPARSE = 16;
/** So many suspects, less a twentieth of the usual values between them, are no suspects any more but the new level. */
const NEW_LEVEL = 20;
const FORGIVEN_BY_USUAL = 1 / 20;
/** Beyond this many in the same count, single ones are no news. */
const NEWSWORTHY = 5;
/** So many usual values in a row end a burst of suspects. */
const RECOVERY = 3;

/** What a value is to its baseline. */
export type Verdict =
  | 'usual'
  /** Above the threshold, and worth telling. */
  | 'suspect'
  /** Above the threshold, but so were those before it. */
  | 'known'
  /** Usual again after a burst of suspects. */
  | 'recovered';

/**
 * What the values of a series usually are. A suspect does not enter it, so that an outlier hides no other; a level that
 * stays becomes the new baseline. Constant memory, and nearly no time where a value is usual.
 */
export class Baseline {
  /** What a value must exceed to be a suspect; infinite while too little is known. */
  threshold = Number.POSITIVE_INFINITY;
  readonly #limits: Limits;
  #usual = new Level();
  #suspects = new Level();
  /** Up to here a value tells nothing new, once the baseline is known and nothing is suspicious. */
  #unremarkable = -1;
  #passed = 0;
  /** Suspects of late, usual values counted against them. */
  #recent = 0;
  #suspectsInARow = 0;
  #usualInARow = 0;
  #inBurst = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** True for a value that need not be judged. */
  passes({ durationMs }: Run): boolean {
    return durationMs <= this.#unremarkable && ++this.#passed % SPARSE !== 0;
  }

  judge(run: Run): Verdict {
    if (run.durationMs > this.threshold) return this.#suspect(run);
    this.#usual.add(run);
    const { count, highest } = this.#usual;
    // What many values say, one more does not change.
    if (count >= this.#limits.minPoints && (count < MEMORY || count % SPARSE === 0)) this.#follow();
    const verdict = this.#recent > 0 ? this.#forgive() : 'usual';
    this.#unremarkable = count >= MEMORY && this.#recent === 0 ? highest : -1;
    return verdict;
  }

  #suspect(run: Run): Verdict {
    this.#suspects.add(run);
    this.#unremarkable = -1;
    this.#recent++;
    this.#suspectsInARow++;
    this.#usualInARow = 0;
    const isNews = this.#suspectsInARow === 1 && this.#recent <= NEWSWORTHY && !this.#inBurst;
    if (this.#suspectsInARow >= NEWSWORTHY) this.#inBurst = true;
    if (this.#recent >= NEW_LEVEL) {
      this.#usual = this.#suspects;
      this.#follow();
      this.#forget();
    }
    return isNews ? 'suspect' : 'known';
  }

  #forgive(): Verdict {
    this.#suspectsInARow = 0;
    this.#usualInARow++;
    this.#recent -= FORGIVEN_BY_USUAL;
    const hasRecovered = this.#inBurst && this.#usualInARow === RECOVERY;
    if (hasRecovered) this.#inBurst = false;
    if (this.#recent <= 0) this.#forget();
    return hasRecovered ? 'recovered' : 'usual';
  }

  #forget(): void {
    this.#suspects = new Level();
    this.#recent = 0;
    this.#suspectsInARow = 0;
    this.#inBurst = false;
  }

  #follow(): void {
    this.#usual.judgeBy(this.#limits);
    this.threshold = this.#usual.threshold;
  }
}

/** In standard deviations. Less than the default of the first limit, so that steady values are judged by that one alone. */
const CLEARLY = 2.5;
/** What the highest value loses of its distance to the mean with each value after it. */
const FADING = 1 / MEMORY;
/** In standard deviations of the logarithms; of few values a deviation is not well known. */
const SKEWED = 4.5;
const UNCERTAINTY = 2;
/** However skewed values are, this many times the plain threshold is always suspicious. */
const MOST_SKEWED = 3;
/** Smaller shares of the mean are the same to a logarithm: 0 has none. */
const SMALLEST_SHARE = 1 / 1000;

/** Mean, spread and highest of values and of their logarithms, the older ones fading. */
class Level {
  count = 0;
  mean = 0;
  highest = 0;
  #variance = 0;
  #logMean = 0;
  #logVariance = 0;

  /** As of when it was last asked for. */
  threshold = Number.POSITIVE_INFINITY;

  /**
   * Some standard deviations above the mean, and clearly above the highest usual value: durations have long tails, in
   * which one of fifty would be an outlier by its standard deviations alone. Where values are skewed, as durations are,
   * their logarithms are not.
   */
  judgeBy({ deviations, minDeviation }: Limits): void {
    const spread = Math.max(Math.sqrt(this.#variance), this.mean * minDeviation);
    const simple = this.mean + deviations * spread;
    const known = 1 + UNCERTAINTY / Math.sqrt(Math.min(this.count, MEMORY));
    const skewed = Math.exp(this.#logMean + SKEWED * known * Math.sqrt(this.#logVariance));
    this.threshold = Math.max(simple, this.highest + CLEARLY * spread, Math.min(skewed, MOST_SKEWED * simple));
  }

  add({ durationMs: value }: Run): void {
    this.count++;
    const weight = 1 / Math.min(this.count, MEMORY);
    const distance = value - this.mean;
    this.mean += weight * distance;
    this.#variance = (1 - weight) * (this.#variance + weight * distance * distance);
    const faded = this.highest - (this.highest - this.mean) * FADING;
    this.highest = value > faded ? value : faded;
    if (this.mean === 0) return;
    const logDistance = Math.log(Math.max(value, this.mean * SMALLEST_SHARE)) - this.#logMean;
    this.#logMean += weight * logDistance;
    this.#logVariance = (1 - weight) * (this.#logVariance + weight * logDistance * logDistance);
  }
}
