import type { Run } from './run.ts';

/** What passed per second; a rate is undefined where nothing of its kind was seen in the last hour. */
export interface ThroughputStats {
  /** Runs of operations, model calls among them. */
  readonly requestsPerSecond: number | undefined;
  readonly tokensPerSecond: number | undefined;
  readonly bytesPerSecond: number | undefined;
  readonly windowSeconds: number;
}

const SECONDS = 3600;
/** One second more than can be asked for: the oldest is needed in part. */
const SLOTS = SECONDS + 1;

/** Requests, tokens and bytes of each second of the last hour. Times are monotonic milliseconds. */
export class Throughput {
  requests = new PerSecond();
  tokens = new PerSecond();
  bytes = new PerSecond();

  /** Undefined without any data. */
  stats(windowSeconds: number, now: number): ThroughputStats | undefined {
    if (!(windowSeconds >= 1 && windowSeconds <= SECONDS)) {
      throw new RangeError(`gaugeway: getThroughputStats takes 1 to ${SECONDS} seconds, not ${windowSeconds}`);
    }
    const requestsPerSecond = this.requests.rate(now, windowSeconds);
    const tokensPerSecond = this.tokens.rate(now, windowSeconds);
    const bytesPerSecond = this.bytes.rate(now, windowSeconds);
    if (requestsPerSecond === undefined && tokensPerSecond === undefined && bytesPerSecond === undefined)
      return undefined;
    return { requestsPerSecond, tokensPerSecond, bytesPerSecond, windowSeconds };
  }

  clear(): void {
    this.requests = new PerSecond();
    this.tokens = new PerSecond();
    this.bytes = new PerSecond();
  }
}

/** An amount for each second of the last hour. */
class PerSecond {
  /** How many runs one may stand for. */
  largestWeight = 1;
  #sums: Float64Array | undefined;
  #latest = -1;
  #slot = 0;
  #endOfLatest = 0;

  /** Counts a run, and those that it stands for. */
  addRun({ time, weight }: Run): void {
    const sums = time < this.#endOfLatest ? (this.#sums as Float64Array) : this.#moveTo(time);
    (sums[this.#slot] as number) += weight;
    if (weight > this.largestWeight) this.largestWeight = weight;
  }

  add(now: number, amount: number): void {
    const sums = now < this.#endOfLatest ? (this.#sums as Float64Array) : this.#moveTo(now);
    (sums[this.#slot] as number) += amount;
  }

  /** How much there was in the last seconds: the current second as far as it has come, and a part of the oldest. */
  sum(now: number, seconds: number): number {
    if (this.#sums === undefined) return 0;
    const from = Math.max(0, now / 1000 - seconds);
    let sum = 0;
    for (let second = Math.max(Math.floor(from), this.#latest - SECONDS); second <= this.#latest; second++) {
      sum += (this.#sums[second % SLOTS] as number) * Math.min(1, second + 1 - from);
    }
    return sum;
  }

  /** Undefined where there was nothing in the last hour. */
  rate(now: number, seconds: number): number | undefined {
    return this.sum(now, SECONDS) === 0 ? undefined : this.sum(now, seconds) / seconds;
  }

  #moveTo(now: number): Float64Array {
    this.#sums ??= new Float64Array(SLOTS);
    const second = Math.floor(now / 1000);
    for (let passed = Math.max(this.#latest, second - SLOTS) + 1; passed <= second; passed++) {
      this.#sums[passed % SLOTS] = 0;
    }
    this.#latest = second;
    this.#slot = second % SLOTS;
    this.#endOfLatest = (second + 1) * 1000;
    return this.#sums;
  }
}
