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

/** One exchange of a call that has ended. */
interface Billed {
  readonly target: Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'>;
  readonly usage: TokenUsage | undefined;
  /** The provider had begun to answer, and so had begun to count tokens. */
  readonly hasBegun: boolean;
}

/** What the exchange's answer said of the model. */
interface Named extends Pick<PricedWork, 'listedAs' | 'serviceTier'> {
  readonly model?: string | undefined;
}

/** The exchanges of one call: each has its own model, and prices may rise with the tokens of a single one. */
export class Bill {
  #first: readonly [Billed, Named] | undefined;
  #others: (readonly [Billed, Named])[] | undefined;
  #isWhole = true;

  add(exchange: Billed, answer: Named): void {
    if (exchange.usage === undefined) this.#isWhole &&= !exchange.hasBegun;
    else if (this.#first === undefined) this.#first = [exchange, answer];
    else {
      this.#others ??= [];
      this.#others.push([exchange, answer]);
    }
  }

  /** What the whole call cost. */
  total(call: PricedWork): Cost {
    if (this.#first === undefined || this.#others === undefined || call.usage === undefined) return current.price(call);
    if (!this.#isWhole) return {};
    let total = 0;
    for (const [{ target, usage }, { model: responseModel, listedAs, serviceTier }] of [this.#first, ...this.#others]) {
      const { operation, provider, requestModel } = target;
      const { startTime } = call;
      const work = { operation, provider, requestModel, responseModel, listedAs, serviceTier, startTime, usage };
      const { cost, unpriced } = current.price(work);
      if (cost === undefined) return { unpriced };
      total += cost;
    }
    return { cost: total };
  }
}
