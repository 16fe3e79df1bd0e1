/** What is kept of the details that a caller gave with a measurement: without secrets, and bounded. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Makes a copy of what a caller gave that is safe to keep and to log. Never throws. */
export type Redaction = (given: unknown) => Metadata | undefined;

const MAX_KEYS = 32;
const MAX_ITEMS = 10;
const MAX_DEPTH = 3;
const MAX_TEXT = 256;
const REDACTED = '[redacted]';

/** Whole words at the end of a name: `accessToken` is a secret, `totalTokens` is a number. */
const SECRET_NAME =
  /(password|passwd|passphrase|pwd|secret|token|authorization|cookie|credentials?|api[._-]?key|private[._-]?key|session[._-]?id)$/i;

/** What gives itself away as a secret by its form, wherever it stands. */
const SECRET_VALUE =
  /\b(?:Bearer|Basic)\s+[\w+/=.~-]{8,}|\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=:\/\/)[^/@\s]+(?=@)/g;

/** @param names names whose values are secrets too; upper and lower case are one */
export function createRedaction(names: readonly string[] = []): Redaction {
  const own = new Set(names.map((name) => name.toLowerCase()));
  const isSecret = (name: string): boolean => own.has(name.toLowerCase()) || SECRET_NAME.test(name);
  return (given) => {
    if (typeof given !== 'object' || given === null) return undefined;
    const copy = copyOf(given, isSecret, 1);
    return typeof copy === 'object' && copy !== null ? (copy as Metadata) : undefined;
  };
}

type IsSecret = (name: string) => boolean;

function copyOf(value: unknown, isSecret: IsSecret, depth: number): unknown {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  }
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
    if (value instanceof Error) return value.name;
    if (depth > MAX_DEPTH) return '[deep]';
    if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => copyOf(item, isSecret, depth + 1));
    return copyOfObject(value, isSecret, depth);
  } catch {
    // A proxy that does not want to be read.
    return undefined;
  }
}

function copyOfObject(value: object, isSecret: IsSecret, depth: number): object {
  const copied: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (copied.length === MAX_KEYS) break;
    const own = readOwn(value, key);
    // Numbers that end like secrets are counts.
    const isHidden = (typeof own === 'string' || typeof own === 'object') && own !== null && isSecret(key);
    const copy = isHidden ? REDACTED : copyOf(own, isSecret, depth + 1);
    if (copy !== undefined) copied.push([key.slice(0, MAX_TEXT), copy]);
  }
  // fromEntries defines `__proto__` as a key like any other.
  return Object.freeze(Object.fromEntries(copied));
}

function readOwn(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    // A getter that throws.
    return undefined;
  }
}

/** Redacted before it is cut, so that no half of a secret stays. */
function textOf(value: string): string {
  const text = value.slice(0, MAX_TEXT * 2).replaceAll(SECRET_VALUE, REDACTED);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
