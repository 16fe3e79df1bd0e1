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

/** What was asked and used: by a call, or by one exchange of it. */
interface Used extends Pick<PricedWork, 'usage'> {
  readonly target: Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'>;
}

/** An exchange that has ended. */
interface Exchanged extends Used {
  /** The provider had begun to answer, and so had begun to count tokens. */
  readonly hasBegun: boolean;
}

/** What an answer said of the model. */
interface Named extends Pick<PricedWork, 'listedAs' | 'serviceTier'> {
  readonly model?: string | undefined;
}

/** The exchanges of one call: each has its own model, and prices may rise with the tokens of a single one. */
export class Bill {
  readonly #entries: (readonly [Exchanged, Named])[] = [];
  #isWhole = true;

  add(exchange: Exchanged, answer: Named): void {
    if (exchange.usage !== undefined) this.#entries.push([exchange, answer]);
    else if (exchange.hasBegun) this.#isWhole = false;
  }

  /** What the whole call cost that began at `startTime`. */
  total(call: Used, answer: Named, startTime: number): Cost {
    if (this.#entries.length < 2 || call.usage === undefined) return priceOf(call, answer, startTime);
    if (!this.#isWhole) return {};
    let total = 0;
    for (const [exchange, told] of this.#entries) {
      const { cost, unpriced } = priceOf(exchange, told, startTime);
      if (cost === undefined) return { unpriced };
      total += cost;
    }
    return { cost: total };
  }
}

function priceOf({ target, usage }: Used, answer: Named, startTime: number): Cost {
  const { operation, provider, requestModel } = target;
  const { model: responseModel, listedAs, serviceTier } = answer;
  return current.price({ operation, provider, requestModel, responseModel, listedAs, serviceTier, startTime, usage });
}
