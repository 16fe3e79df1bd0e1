import type { ModelTarget, TokenUsage } from '../observations.ts';

/** What a price depends on. */
export interface PricedWork extends Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'> {
  readonly responseModel?: string | undefined;
  readonly listedAs?: string | undefined;
  readonly serviceTier?: string | undefined;
  readonly startTime: number;
  readonly usage?: TokenUsage | undefined;
}

/** What a call cost; neither field where that cannot be told. */
export interface Cost {
  /** US dollars. */
  readonly cost?: number | undefined;
  /** True when the tokens are known, and no price of the model is. */
  readonly unpriced?: boolean | undefined;
}

/** Knows prices. */
export interface Pricer {
  /** A call has started: its price will be asked for. */
  prepare(): void;
  price(work: PricedWork): Cost;
}

const FREE_OF_PRICES: Pricer = { prepare() {}, price: () => ({}) };

let current = FREE_OF_PRICES;

/** Prices come from here from now on, or there are none. */
export function usePricer(pricer: Pricer | undefined): void {
  current = pricer ?? FREE_OF_PRICES;
}

/** Whoever knows the prices now. */
export function pricer(): Pricer {
  return current;
}

/** The exchanges of one call: each has its own model, and prices may rise with the tokens of a single one. */
export class Bill {
  #entries: PricedWork[] = [];
  #isWhole = true;

  /** @param hasBegun the provider had begun to answer, and so had begun to count tokens */
  add(work: PricedWork, hasBegun: boolean): void {
    if (work.usage !== undefined) this.#entries.push(work);
    else if (hasBegun) this.#isWhole = false;
  }

  /** What the whole call cost. */
  total(call: PricedWork): Cost {
    if (this.#entries.length < 2 || call.usage === undefined) return current.price(call);
    if (!this.#isWhole) return {};
    let total = 0;
    for (const entry of this.#entries) {
      const { cost, unpriced } = current.price(entry);
      if (cost === undefined) return { unpriced };
      total += cost;
    }
    return { cost: total };
  }
}
