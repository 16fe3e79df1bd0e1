import type { TokenUsage } from '../../../src/observations.ts';
import type { Facts } from '../json-fields.ts';
import type { Answer } from './format.ts';

type MutableUsage = { -readonly [K in keyof TokenUsage]?: number | undefined };

/** Counts that are known before the model writes. */
const INPUT_FIELDS = [
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWriteHour',
  'textInput',
  'imageInput',
  'audioInput',
] as const;
const FIELDS = [
  ...INPUT_FIELDS,
  'output',
  'total',
  'reasoning',
  'textOutput',
  'imageOutput',
  'audioOutput',
] as const satisfies readonly (keyof TokenUsage)[];

/** A token count as written; what is there and cannot be a count is left to the recorder to refuse and to report. */
export function count(value: Facts[string]): number | undefined {
  return value === undefined || typeof value === 'number' ? value : Number.NaN;
}

/** The sum of the known parts, if the first one is known. */
export function sum(first: number | undefined, ...others: (number | undefined)[]): number | undefined {
  return first === undefined ? undefined : others.reduce<number>((total, part) => total + (part ?? 0), first);
}

/**
 * Adds the usage that an event told to what earlier ones did: later values replace earlier ones, absent ones do not.
 * Facts that are named as the fields are taken as they are, `computed` ones are the format's own. To be called after the
 * event's finish reasons were added.
 */
export function addUsage(told: Answer, facts: Facts, computed: Partial<MutableUsage> = {}): void {
  const merged: MutableUsage = { ...told.usage };
  for (const field of FIELDS) {
    const value = field in computed ? computed[field] : count(facts[field]);
    if (value !== undefined) merged[field] = value;
  }
  told.usage = merged as TokenUsage;
  told.isUsageRunning = !told.ended && told.finishReasons.length === 0;
}

/**
 * The usage of an answer that stopped before its end. Servers that tell the usage while they write told how much was
 * written until then, and bill what was written after that: only the input is known.
 */
export function settledUsage({ usage, isUsageRunning }: Answer): TokenUsage | undefined {
  if (usage === undefined || isUsageRunning !== true) return usage;
  const known: MutableUsage = {};
  for (const field of INPUT_FIELDS) if (usage[field] !== undefined) known[field] = usage[field];
  return known as TokenUsage;
}

/**
 * The whole output, as the total tells it: some providers (xAI) leave reasoning out of the completion. A total that holds
 * more than it explains (Gemini's thinking behind the API of OpenAI) makes the output a number that nobody knows.
 */
export function wholeOutput(facts: Facts): number | undefined {
  const output = count(facts.output);
  const unexplained = unexplainedBy(facts);
  if (output === undefined || unexplained === 0) return output;
  return unexplained === facts.reasoning ? output + unexplained : Number.NaN;
}

/** By how much the total is more than input and output. */
export function unexplainedBy({ input, output, total }: Facts): number {
  return isCount(input) && isCount(output) && isCount(total) ? Math.max(0, total - input - output) : 0;
}

function isCount(value: Facts[string]): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
