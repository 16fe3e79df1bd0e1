import { drop } from '../../src/observe.ts';
import { type RateLimitTold, rateLimits } from '../../src/recorders/rate-limits.ts';

/** `x-ratelimit-remaining-tokens`: OpenAI, Azure, Groq and others that speak like them. */
const OPENAI = /^x-ratelimit-(limit|remaining|reset)-(requests|tokens|input-tokens|output-tokens)$/;
/** `anthropic-ratelimit-input-tokens-remaining`. */
const ANTHROPIC = /^anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)$/;

type Part = 'limit' | 'remaining' | 'reset';

/** Tells what the headers of an answer that came at `time`, Unix milliseconds, say of rate limits. Gemini and Bedrock send none. */
export function tellRateLimits(
  headers: ReadonlyMap<string, string>,
  target: RateLimitTold['target'],
  time: number,
): void {
  const told = new Map<string, Partial<Record<Part, number>>>();
  for (const [name, text] of headers) {
    const [part, resource] = partOf(name);
    if (part === undefined || resource === undefined) continue;
    const value = part === 'reset' ? millisecondsOf(text, time) : countOf(text);
    // Azure writes -1 where it knows none.
    if (value === undefined) drop('invalid_value');
    else told.set(resource, { ...told.get(resource), [part]: value });
  }
  for (const [resource, { limit, remaining, reset: resetMs }] of told) {
    rateLimits.tell({ target, resource: resource.replace('-', '_'), limit, remaining, resetMs, time });
  }
}

function partOf(name: string): [part?: Part | undefined, resource?: string | undefined] {
  const openai = OPENAI.exec(name);
  if (openai !== null) return [openai[1] as Part, openai[2]];
  const anthropic = ANTHROPIC.exec(name);
  return anthropic === null ? [] : [anthropic[2] as Part, anthropic[1]];
}

function countOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const PIECE = /([\d.]+)(ms|[smhd])/g;
/** A moment, as Anthropic writes it; what else `Date` would take is a guess. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** `6m0s` and `8.64s` of OpenAI, seconds of Azure, a moment of Anthropic, which has passed if the clocks differ. */
function millisecondsOf(text: string, now: number): number | undefined {
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  if (MOMENT.test(text)) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? undefined : Math.max(0, at - now);
  }
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(PIECE)) total += Number(amount) * (UNITS[unit] ?? Number.NaN);
  return Number.isFinite(total) ? total : undefined;
}
