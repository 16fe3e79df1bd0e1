import type { Facts } from './json-fields.ts';

/** Longest wanted string or number in bytes; a longer one is no name, id or count. */
export const MAX_WANTED = 512;
/** Most values that a collecting fact takes. */
const MAX_COLLECTED = 16;
/** Numbers of so many digits are exact, and need no text to be made of them. */
const SAFE_DIGITS = 15;

const ZERO = 0x30;
const PLUS = 0x2b;
const CLOSE_BRACKET = 0x5d;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** How a number too long to be kept begins. */
const DIGITS = /^-?\d[\d.eE+-]*$/;

export const MALFORMED_SCALAR = Symbol('malformed');
export const TOO_LONG = Symbol('too long');

/** A string of which these bytes stood between the quotes; undefined when JSON does not allow it. */
export function readText(bytes: Buffer, from: number, length: number, hasEscapes: boolean): string | undefined {
  const text = bytes.toString('utf8', from, from + length);
  if (!hasEscapes) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return undefined;
  }
}

/** A number, a boolean or null; `length` may go beyond what was kept of it. */
export function readScalar(
  bytes: Buffer,
  from: number,
  length: number,
): number | boolean | null | typeof MALFORMED_SCALAR | typeof TOO_LONG {
  if (length <= SAFE_DIGITS) {
    const whole = readWhole(bytes, from, length);
    if (whole >= 0) return whole;
  }
  const text = bytes.toString('latin1', from, from + Math.min(length, MAX_WANTED));
  if (text === 'null') return null;
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (length > MAX_WANTED) return DIGITS.test(text) ? TOO_LONG : MALFORMED_SCALAR;
  return NUMBER.test(text) ? Number(text) : MALFORMED_SCALAR;
}

/** A plain whole number, as counts are; -1 for anything else. */
function readWhole(bytes: Buffer, from: number, length: number): number {
  if (bytes[from] === ZERO) return length === 1 ? 0 : -1;
  let value = 0;
  for (let at = from; at < from + length; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Adds a value to the facts. */
export function take(facts: Facts, fact: string, value: string | number | boolean): void {
  switch (fact.charCodeAt(fact.length - 1)) {
    case CLOSE_BRACKET: {
      facts[fact] ??= [];
      const collected = facts[fact] as (string | number)[];
      if (typeof value !== 'boolean' && collected.length < MAX_COLLECTED) collected.push(value);
      return;
    }
    case PLUS:
      facts[fact] = ((facts[fact] as number | undefined) ?? 0) + (typeof value === 'number' ? value : Number.NaN);
      return;
    default:
      facts[fact] = value;
  }
}

/** Takes facts back. */
export function forget(facts: Facts, names: readonly string[]): void {
  for (const fact of names) if (facts[fact] !== undefined) facts[fact] = undefined;
}
