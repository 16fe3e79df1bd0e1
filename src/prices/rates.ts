import type { TokenUsage } from '../observations.ts';

/** US dollars per thousand tokens of a model whose list price does not depend on the time. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  /** What an input token costs more or less when it is read from the cache, or written to it. */
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** From this many input tokens on they are others. */
  readonly below: number;
}

/** What the list says of one usage. */
type Ask = (usage: Record<string, number>) => number | undefined;

/** A price of the list: dollars per million, or other ones from some number of tokens on. */
type ListPrice = number | { readonly tiers: readonly { readonly start: number }[] } | undefined;

/** What the list is asked about to learn a rate. */
const PROBE = 1000;

/**
 * Learns the rates of a model from the answers of the list itself, which takes a hundred times as long as a sum does.
 * Undefined where its prices have conditions.
 */
export function learnRates(prices: unknown, ask: Ask): Rates | undefined {
  if (typeof prices !== 'object' || prices === null || Array.isArray(prices)) return undefined;
  const starts = Object.values(prices as Record<string, ListPrice>).flatMap((price) =>
    typeof price === 'object' ? price.tiers.map(({ start }) => start) : [],
  );
  const below = Math.min(Number.POSITIVE_INFINITY, ...starts);
  const input = ask({ input_tokens: PROBE });
  const output = ask({ output_tokens: PROBE });
  const cacheRead = ask({ input_tokens: PROBE, cache_read_tokens: PROBE });
  const cacheWrite = ask({ input_tokens: PROBE, cache_write_tokens: PROBE });
  if (input === undefined || output === undefined || cacheRead === undefined || cacheWrite === undefined)
    return undefined;
  if (below <= PROBE) return undefined;
  return {
    input,
    output,
    cacheRead: cacheRead - input,
    cacheWrite: cacheWrite - input,
    below,
  };
}

/** Dollars; undefined where the list must be asked. */
export function costAt(
  rates: Rates,
  { input = 0, output = 0, cacheRead = 0, cacheWrite = 0 }: TokenUsage,
): number | undefined {
  if (input >= rates.below) return undefined;
  const thousandths =
    input * rates.input + output * rates.output + cacheRead * rates.cacheRead + cacheWrite * rates.cacheWrite;
  return thousandths / PROBE;
}
