import type { TokenUsage } from '../observations.ts';
import { drop } from '../observe.ts';

type MutableUsage = { -readonly [K in keyof TokenUsage]?: number };

const INPUT_MODALITIES = ['textInput', 'imageInput', 'audioInput'] as const;
const OUTPUT_MODALITIES = ['textOutput', 'imageOutput', 'audioOutput'] as const;
const FIELDS = [
  'input',
  'output',
  'total',
  'cacheRead',
  'cacheWrite',
  'cacheWriteHour',
  'reasoning',
  ...INPUT_MODALITIES,
  ...OUTPUT_MODALITIES,
] as const;

/**
 * Keeps what can be true of a reported usage: whole, non-negative, parts not above their whole. A usage with one wrong
 * field is wrong as a whole as far as that side is concerned, because totals and cost are derived from it.
 */
export function checkUsage(reported: TokenUsage | undefined): TokenUsage | undefined {
  if (reported === undefined || reported === null) return undefined;
  const usage: MutableUsage = {};
  for (const field of FIELDS) {
    const value: unknown = reported[field];
    if (value === undefined || value === null) continue;
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      drop('invalid_value');
      continue;
    }
    usage[field] = value as number;
  }
  const { input, output } = usage;
  if (input !== undefined && output !== undefined) usage.total = input + output;
  for (const [part, whole] of [
    ['cacheRead', input],
    ['cacheWrite', input],
    ['cacheWriteHour', usage.cacheWrite],
    ['reasoning', output],
  ] as const) {
    if (usage[part] !== undefined && whole !== undefined && usage[part] > whole) {
      delete usage[part];
      drop('invalid_value');
    }
  }
  for (const [parts, whole] of [
    [INPUT_MODALITIES, input],
    [OUTPUT_MODALITIES, output],
  ] as const) {
    const told = parts.filter((part) => usage[part] !== undefined);
    const sum = told.reduce((total, part) => total + (usage[part] ?? 0), 0);
    // Of parts that make more than the whole nobody can say which one is wrong.
    if (whole === undefined || sum <= whole) continue;
    for (const part of told) delete usage[part];
    drop('invalid_value');
  }
  return Object.keys(usage).length > 0 ? Object.freeze(usage) : undefined;
}

/** Adds two usages field by field; a field that one side does not know is unknown in the sum. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  const sum: MutableUsage = {};
  for (const field of FIELDS) {
    const [left, right] = [a[field], b[field]];
    if (left !== undefined && right !== undefined) sum[field] = left + right;
  }
  return Object.freeze(sum);
}

/** Adds to a usage what another one of the same work tells besides; nothing where the two contradict each other. */
export function withDetails(usage: TokenUsage | undefined, other: TokenUsage | undefined): TokenUsage | undefined {
  if (usage === undefined || other === undefined) return usage;
  const contradicts = FIELDS.some(
    (field) => usage[field] !== undefined && other[field] !== undefined && usage[field] !== other[field],
  );
  return contradicts ? usage : Object.freeze({ ...other, ...usage });
}
