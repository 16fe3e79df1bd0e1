import { readFileSync } from 'node:fs';
import type { Parser } from '../parsers.ts';

/** US dollars for a million tokens of one model. */
export interface ModelPrice {
  /** Input tokens that were neither read from a cache nor written to one. */
  readonly input: number;
  readonly output: number;
  /** Input tokens read from the provider's cache. @default the price of input */
  readonly cacheRead?: number;
  /** Input tokens written to the provider's cache. @default the price of input */
  readonly cacheWrite?: number;
}

/** Prices by `provider/model`, or by `model` for that model of every provider. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

const FIELDS = new Set(['input', 'output', 'cacheRead', 'cacheWrite']);

/** Reads prices from a JSON file that a variable names, or takes them from code. */
export const priceTable: Parser<PriceTable> = {
  expects: 'prices in USD for a million tokens by "provider/model": { input, output, cacheRead?, cacheWrite? }',
  parse(path) {
    try {
      const table: unknown = JSON.parse(readFileSync(path, 'utf8'));
      return isTable(table) ? table : undefined;
    } catch {
      return undefined;
    }
  },
  accepts: isTable,
};

function isTable(value: unknown): value is PriceTable {
  return isObject(value) && Object.values(value).every(isPrice);
}

function isPrice(value: unknown): boolean {
  return (
    isObject(value) &&
    'input' in value &&
    'output' in value &&
    Object.entries(value).every(
      ([key, price]) => FIELDS.has(key) && typeof price === 'number' && Number.isFinite(price) && price >= 0,
    )
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
