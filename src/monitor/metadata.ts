/** What is kept of the details that a caller gave with a measurement: without secrets, and bounded. */
export type Metadata = Readonly<Record<string, unknown>>;

const MAX_KEYS = 32;
const MAX_ITEMS = 10;
const MAX_DEPTH = 3;
const MAX_TEXT = 256;
const REDACTED = '[redacted]';

/** Whole words at the end of a name, so that `accessToken` is a secret and `totalTokens` is a number. */
const SECRET_NAME =
  /(^|[._-])?(password|passwd|passphrase|pwd|secret|token|authorization|cookie|credentials?|api[._-]?key|private[._-]?key|session[._-]?id)$/i;

/** What gives itself away as a secret by its form, wherever it stands. */
const SECRET_VALUE =
  /\b(Bearer|Basic)\s+[\w+/=.~-]{8,}|\b(sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=:\/\/)[^/@\s]+@/g;

/** A copy of what the caller gave that is safe to keep and to log. Never throws. */
export function metadataOf(given: unknown): Metadata | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  return copyOf(given, 1) as Metadata;
}

function copyOf(value: unknown, depth: number): unknown {
  try {
    if (typeof value === 'string') return textOf(value);
    if (typeof value === 'bigint') return `${value}`;
    if (typeof value !== 'object' || value === null) {
      return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
    if (value instanceof Error) return value.name;
    if (depth > MAX_DEPTH) return '[deep]';
    if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => copyOf(item, depth + 1));
    return copyOfObject(value, depth);
  } catch {
    // A getter or a proxy that throws.
    return undefined;
  }
}

function copyOfObject(value: object, depth: number): object {
  const copied: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (copied.length === MAX_KEYS) break;
    const own = copyOfOwn(value, key, depth);
    if (own !== undefined) copied.push([key.slice(0, MAX_TEXT), own]);
  }
  return Object.freeze(Object.fromEntries(copied));
}

function copyOfOwn(value: object, key: string, depth: number): unknown {
  try {
    const own = (value as Record<string, unknown>)[key];
    if (typeof own !== 'number' && typeof own !== 'boolean' && SECRET_NAME.test(key))
      return own == null ? own : REDACTED;
    return copyOf(own, depth + 1);
  } catch {
    return undefined;
  }
}

/** Redacted before it is cut, so that no half of a secret stays. */
function textOf(value: string): string {
  const text = value.slice(0, MAX_TEXT * 2).replaceAll(SECRET_VALUE, REDACTED);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
