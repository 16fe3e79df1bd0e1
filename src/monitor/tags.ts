/** What tells the series of one name apart; few values, no ids. */
export type Tags = Readonly<Record<string, string>>;

/** What a caller gives: numbers and booleans become text, everything else is left out. */
export type TagsGiven = Readonly<Record<string, unknown>>;

const MAX_TAGS = 16;
const MAX_LENGTH = 200;

export const NO_TAGS: Tags = Object.freeze({});

/** The tags in a form that is safe to keep: own keys, sorted, of bounded number and length, with plain values. */
export function tagsOf(given: TagsGiven | undefined, ignored?: string): Tags {
  const kept: [string, string][] = [];
  for (const key of keysOf(given).sort()) {
    if (key === ignored || kept.length === MAX_TAGS) continue;
    const value = textOf(given as TagsGiven, key);
    if (value !== undefined) kept.push([key.slice(0, MAX_LENGTH), value]);
  }
  // fromEntries defines `__proto__` as a key like any other.
  return kept.length === 0 ? NO_TAGS : Object.freeze(Object.fromEntries(kept));
}

function keysOf(given: unknown): string[] {
  try {
    return typeof given === 'object' && given !== null ? Object.keys(given) : [];
  } catch {
    // A proxy that does not want to be read.
    return [];
  }
}

function textOf(tags: TagsGiven, key: string): string | undefined {
  try {
    const value = tags[key];
    if (typeof value === 'string') return value.slice(0, MAX_LENGTH);
    return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : undefined;
  } catch {
    // A getter that throws.
    return undefined;
  }
}

/** True when the tags have all that is asked for. */
export function hasAll(tags: Tags, wanted: readonly (readonly [key: string, value: string])[]): boolean {
  // What an object inherits is no text.
  for (const [key, value] of wanted) if (tags[key] !== value) return false;
  return true;
}
