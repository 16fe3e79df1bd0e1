import { createRequire } from 'node:module';
import { hookFailed } from '../observe.ts';
import type { Cost, PricedWork, Pricer } from '../recorders/cost.ts';
import { costAt, learnRates, type Rates } from './rates.ts';
import type { ModelPrice, PriceTable } from './table.ts';

type Library = typeof import('@pydantic/genai-prices');

const load = createRequire(import.meta.url);

/** The library's names of providers, where they are not the convention's. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'aws.bedrock': 'aws',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  mistral_ai: 'mistral',
  x_ai: 'x-ai',
};

/** Classes of service that the prices are of; others (`flex`, `priority`, `batch`, `scale`) have prices of their own. */
const USUAL_TIERS = new Set([undefined, 'default', 'standard', 'on_demand']);

/** Parts of the tokens that only count with a price of their own. */
const SPECIAL = [
  { field: 'cacheWriteHour', price: 'cache_write_1h_mtok' },
  { field: 'audioInput', price: 'input_audio_mtok' },
  { field: 'audioOutput', price: 'output_audio_mtok' },
  { field: 'imageOutput', price: 'output_image_mtok' },
] as const;

/** Models whose price is remembered; more than that and each is looked for again. */
const MAX_KNOWN = 500;

type Found = NonNullable<ReturnType<Library['calcPrice']>>;

/** A model of the list. */
interface Known {
  /** Its provider with this model alone, so that it need not be looked for again. */
  readonly provider: Found['provider'];
  readonly rates: Rates | undefined;
}

/**
 * Prices model calls: by the application's own table first, else by the list that `@pydantic/genai-prices` brings along.
 * That list takes some 35 ms and 20 MB, so it is loaded when the first call has started and the application waits.
 */
export function createPricer(table: PriceTable): Pricer {
  const hasTable = Object.keys(table).length > 0;
  const known = new Map<string, Map<string, Known | null>>();
  let knownModels = 0;
  let library: Library | undefined;
  let isPreparing = false;
  const prices = (): Library => {
    library ??= load('@pydantic/genai-prices') as Library;
    return library;
  };

  const learn = (providerId: string, model: string, startTime: number): Known | null => {
    const timestamp = new Date(startTime);
    const listed = prices().findProvider({ providerId });
    // The library also takes names that only contain one of its own.
    const isListed = listed !== undefined && listed.id === providerId;
    const found = isListed ? prices().calcPrice({ input_tokens: 0 }, model, { provider: listed, timestamp }) : null;
    if (found === null) return null;
    const provider = { ...found.provider, models: [found.model] };
    const ask = (usage: Record<string, number>) =>
      prices().calcPrice(usage, model, { provider, timestamp })?.total_price;
    return { provider, rates: learnRates(found.model.prices, ask) };
  };

  /** Null where the model is not known. */
  const find = (providerId: string, model: string, startTime: number): Known | null => {
    const models = known.get(providerId);
    const entry = models?.get(model);
    if (entry !== undefined) return entry;
    const learnt = learn(providerId, model, startTime);
    if (knownModels++ >= MAX_KNOWN) return learnt;
    if (models === undefined) known.set(providerId, new Map([[model, learnt]]));
    else models.set(model, learnt);
    return learnt;
  };

  const listPrice = (work: PricedWork, model: string): number | undefined => {
    const entry = find(PROVIDERS[work.provider] ?? work.provider, model, work.startTime);
    if (entry === null) return undefined;
    const { provider, rates } = entry;
    const usage = work.usage ?? {};
    const special = SPECIAL.filter(({ field }) => (usage[field] ?? 0) > 0);
    const atRates = rates === undefined || special.length > 0 ? undefined : costAt(rates, usage);
    if (atRates !== undefined) return atRates;
    const timestamp = new Date(work.startTime);
    const { input, output, cacheRead, cacheWrite, cacheWriteHour, audioInput, audioOutput } = usage;
    const counts = {
      input_tokens: input,
      output_tokens: output,
      cache_read_tokens: cacheRead,
      cache_write_tokens: cacheWrite,
      cache_write_1h_tokens: cacheWriteHour,
      input_audio_tokens: audioInput,
      output_audio_tokens: audioOutput,
    };
    const found = prices().calcPrice(counts, model, { provider, timestamp });
    // Where the list has no price for a part, it takes that of text.
    return special.every(({ price }) => found?.model_price[price] !== undefined) ? found?.total_price : undefined;
  };

  return {
    prepare() {
      if (isPreparing) return;
      isPreparing = true;
      setImmediate(() => {
        try {
          prices();
        } catch (error) {
          hookFailed('the list of prices', error);
        }
      }).unref();
    },

    price(work): Cost {
      const model = work.listedAs ?? work.responseModel ?? work.requestModel;
      if (model === undefined || !isComplete(work)) return {};
      if (!USUAL_TIERS.has(work.serviceTier)) return { unpriced: true };
      try {
        const own = hasTable ? ownPrice(table, work) : undefined;
        const cost = own === undefined ? listPrice(work, model) : ownCost(own, work);
        return cost === undefined ? { unpriced: true } : { cost };
      } catch (error) {
        hookFailed('the list of prices', error);
        return { unpriced: true };
      }
    },
  };
}

/** What was billed is known and can be true: both sides of the tokens, of which embeddings have but one. */
function isComplete({ operation, usage = {} }: PricedWork): boolean {
  const { input, output, cacheRead = 0, cacheWrite = 0 } = usage;
  const counts = [input, cacheRead, cacheWrite, operation === 'embeddings' ? (output ?? 0) : output];
  return (
    counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    cacheRead + cacheWrite <= (input as number)
  );
}

/** A deployment has a name of its own, so what was asked for counts as well as what answered. */
function ownPrice(
  table: PriceTable,
  { provider, listedAs, responseModel, requestModel }: PricedWork,
): ModelPrice | undefined {
  for (const model of [listedAs, responseModel, requestModel]) {
    if (model === undefined) continue;
    for (const key of [`${provider}/${model}`, model]) if (Object.hasOwn(table, key)) return table[key];
  }
  return undefined;
}

/** Undefined where there are tokens that the application's table has no price for. */
function ownCost(price: ModelPrice, { usage = {} }: PricedWork): number | undefined {
  if (SPECIAL.some(({ field }) => (usage[field] ?? 0) > 0)) return undefined;
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0 } = usage;
  const millionths =
    (input - cacheRead - cacheWrite) * price.input +
    cacheRead * (price.cacheRead ?? price.input) +
    cacheWrite * (price.cacheWrite ?? price.input) +
    output * price.output;
  return millionths / 1e6;
}
