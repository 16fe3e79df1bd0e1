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
  /** True for a variable that is shared with others: what the parser does not understand there is not ours. */
  readonly isForeign?: (variable: string) => boolean;
  /** True when the value is not for anybody's log. */
  readonly isSecret?: boolean;
}

export const text: Parser<string> = {
  expects: 'a non-empty string',
  parse: (value) => value,
  accepts: (value) => typeof value === 'string' && value !== '',
};

const SWITCHES = new Map([
  ['true', true],
  ['false', false],
]);

export const switchValue: Parser<boolean> = {
  expects: 'true or false',
  parse: (value) => SWITCHES.get(value.toLowerCase()),
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
export const amount = number('a number above 0', (value) => Number.isFinite(value) && value > 0);
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

const CONTENT_SWITCHES = new Map([
  ...SWITCHES,
  ['span_only', true],
  ['span_and_event', true],
  ['none', false],
  ['no_content', false],
  ['event_only', false],
]);

/** Whether content is wanted on spans, in all the spellings of the convention's variable; events of it there are none. */
export const contentSwitch: Parser<boolean> = {
  expects: 'true or false',
  parse: (value) => CONTENT_SWITCHES.get(value.toLowerCase()),
  accepts: (value) => typeof value === 'boolean',
};

const PROFILES: readonly GenAiProfile[] = ['v1.41', 'latest'];

/** Reads our own words and, from the convention's variable, its own; `gen_ai/dup` is ours, after `http/dup`. */
export const genAiNames: Parser<readonly GenAiProfile[]> = {
  expects: 'v1.41, latest or both',
  isForeign: (variable) => variable === 'OTEL_SEMCONV_STABILITY_OPT_IN',
  parse(value) {
    const words = list(value.toLowerCase());
    const hasOld = words.includes('v1.41');
    const hasNew = words.includes('latest') || words.includes('gen_ai_latest_experimental');
    if (words.includes('both') || words.includes('gen_ai/dup') || (hasOld && hasNew)) return PROFILES;
    if (hasNew) return ['latest'];
    return hasOld ? ['v1.41'] : undefined;
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

export const httpUrl: Parser<string> = {
  expects: 'an http(s) URL',
  parse: (value) => (isHttpUrl(value) ? value : undefined),
  accepts: (value) => typeof value === 'string' && isHttpUrl(value),
};

function pairs(expects: string, isSecret = false): Parser<Readonly<Record<string, string>>> {
  return {
    expects,
    isSecret,
    parse(value) {
      const read: Record<string, string> = {};
      for (const part of list(value)) {
        const equals = part.indexOf('=');
        const key = decoded(part.slice(0, equals).trim());
        const own = decoded(part.slice(equals + 1).trim());
        if (equals < 1 || key === undefined || own === undefined) return undefined;
        read[key] = own;
      }
      return read;
    },
    accepts: (value) => typeof value === 'object' && value !== null,
  };
}

export const resourceAttributes = pairs('a list of key=value, percent-encoded');
export const headers = pairs('a list of name=value, percent-encoded', true);

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function isHttpUrl(value: string): boolean {
  return /^https?:/i.test(value) && URL.canParse(value);
}

/** The parts between commas. */
export function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
