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
  let isEmpty = true;
  for (const field of FIELDS) {
    const value: unknown = reported[field];
    if (value === undefined || value === null) continue;
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      drop('invalid_value');
      continue;
    }
    usage[field] = value as number;
    isEmpty = false;
  }
  const { input, output } = usage;
  if (input !== undefined && output !== undefined) usage.total = input + output;
  forgetMoreThan(usage, 'cacheRead', input);
  forgetMoreThan(usage, 'cacheWrite', input);
  forgetMoreThan(usage, 'cacheWriteHour', usage.cacheWrite);
  forgetMoreThan(usage, 'reasoning', output);
  forgetSumMoreThan(usage, INPUT_MODALITIES, input);
  forgetSumMoreThan(usage, OUTPUT_MODALITIES, output);
  return isEmpty ? undefined : Object.freeze(usage);
}

/** A part cannot be more than its whole. */
function forgetMoreThan(usage: MutableUsage, part: keyof TokenUsage, whole: number | undefined): void {
  const value = usage[part];
  if (value === undefined || whole === undefined || value <= whole) return;
  delete usage[part];
  drop('invalid_value');
}

/** Of parts that make more than the whole nobody can say which one is wrong. */
function forgetSumMoreThan(usage: MutableUsage, parts: readonly (keyof TokenUsage)[], whole: number | undefined): void {
  if (whole === undefined) return;
  let sum = 0;
  for (const part of parts) sum += usage[part] ?? 0;
  if (sum <= whole) return;
  for (const part of parts) delete usage[part];
  drop('invalid_value');
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
