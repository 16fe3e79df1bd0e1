import type { GenAiProfile } from './recorders/profiles.ts';

/** Where a model provider answers. */
export interface ModelEndpoint {
  /** Base URL; requests to it and below it belong to the provider. */
  readonly url: string;
  /** `gen_ai.provider.name` of what answers there. */
  readonly provider: string;
}

/** Reads one kind of value from a variable, and checks it when code gives it. */
export interface Parser<T> {
  /** Completes "must be ...". */
  readonly expects: string;
  readonly parse: (text: string) => T | undefined;
  readonly accepts: (value: unknown) => boolean;
  /** True when the variable is shared with others: what it does not understand is not ours. */
  readonly ignoresForeign?: boolean;
}

export const text: Parser<string> = {
  expects: 'a non-empty string',
  parse: (value) => value,
  accepts: (value) => typeof value === 'string' && value !== '',
};

export const switchValue: Parser<boolean> = {
  expects: 'true or false',
  parse: (value) => ({ true: true, false: false })[value.toLowerCase()],
  accepts: (value) => typeof value === 'boolean',
};

function number(expects: string, isValid: (value: number) => boolean): Parser<number> {
  return {
    expects,
    parse(value) {
      const parsed = Number(value);
      return isValid(parsed) ? parsed : undefined;
    },
    accepts: (value) => typeof value === 'number' && isValid(value),
  };
}

/** Timers of Node end at 2^31 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const milliseconds = number(
  `a whole number of milliseconds from 1 to ${MAX_TIMER_MS}`,
  (value) => Number.isInteger(value) && value >= 1 && value <= MAX_TIMER_MS,
);
export const wholeNumber = number('a whole number above 0', (value) => Number.isSafeInteger(value) && value > 0);
export const port = number(
  'a port from 0 to 65535',
  (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
);
export const fraction = number('a number from 0 to 1', (value) => value >= 0 && value <= 1);

export function oneOf<T extends string>(values: readonly T[]): Parser<T> {
  return {
    expects: `one of ${values.join(', ')}`,
    parse: (value) => values.find((known) => known === value.toLowerCase()),
    accepts: (value) => values.includes(value as T),
  };
}

export function someOf<T extends string>(values: readonly T[]): Parser<readonly T[]> {
  return {
    expects: `a list of ${values.join(', ')}`,
    parse(value) {
      const parts = list(value.toLowerCase());
      return parts.every((part) => values.includes(part as T)) ? (parts as T[]) : undefined;
    },
    accepts: (value) => Array.isArray(value) && value.every((part) => values.includes(part)),
  };
}

export const names: Parser<readonly string[]> = {
  expects: 'a list of names',
  parse: list,
  accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};

const PROFILES: readonly GenAiProfile[] = ['v1.41', 'latest'];

/** Reads our own words and, from the convention's variable, its own; `gen_ai/dup` is ours, after `http/dup`. */
export const genAiNames: Parser<readonly GenAiProfile[]> = {
  expects: 'v1.41, latest or both',
  ignoresForeign: true,
  parse(value) {
    const words = list(value.toLowerCase());
    if (words.includes('both') || words.includes('gen_ai/dup')) return PROFILES;
    if (words.includes('latest') || words.includes('gen_ai_latest_experimental')) return ['latest'];
    return words.includes('v1.41') ? ['v1.41'] : undefined;
  },
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every((name) => PROFILES.includes(name)),
};

export const endpoints: Parser<readonly ModelEndpoint[]> = {
  expects: 'a list of provider=url, as in "my_llm=https://llm.example.com/v1"',
  parse(value) {
    const parsed = list(value).map((part) => {
      const equals = part.indexOf('=');
      return { provider: part.slice(0, equals).trim(), url: part.slice(equals + 1).trim() };
    });
    return parsed.every(isEndpoint) ? parsed : undefined;
  },
  accepts: (value) => Array.isArray(value) && value.every(isEndpoint),
};

function isEndpoint(value: unknown): value is ModelEndpoint {
  const { url, provider } = (value ?? {}) as { url?: unknown; provider?: unknown };
  return typeof provider === 'string' && /^[a-z0-9._-]+$/i.test(provider) && typeof url === 'string' && isHttpUrl(url);
}

export function isHttpUrl(value: string): boolean {
  return /^https?:/i.test(value) && URL.canParse(value);
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
