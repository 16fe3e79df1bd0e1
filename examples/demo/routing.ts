import { setTimeout as delay } from 'node:timers/promises';

/** Who answers when a model cannot. */
const FALLBACKS: Record<string, string> = {
  'gpt-5-mini': 'claude-haiku-4-5',
  'claude-haiku-4-5': 'gemini-2.5-flash',
  'gemini-2.5-flash': 'gpt-5-mini',
  'gpt-5-nano': 'gpt-5-mini',
};

const LONGEST_WAIT_MS = 2000;

/** Asks a model; a rate limit is waited for once, and what still fails is asked of another model. */
export async function withFallback<T>(model: string, ask: (model: string) => Promise<T>): Promise<T> {
  try {
    return await withRetry(() => ask(model));
  } catch (error) {
    const fallback = FALLBACKS[model];
    if (fallback === undefined || !isTemporary(error)) throw error;
    return ask(fallback);
  }
}

async function withRetry<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (statusOf(error) !== 429) throw error;
    await delay(Math.min(retryAfterMs(error) ?? 500, LONGEST_WAIT_MS));
    return ask();
  }
}

/** The HTTP status in the error of any of the three SDKs. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | undefined)?.status;
  return typeof status === 'number' ? status : undefined;
}

function isTemporary(error: unknown): boolean {
  const status = statusOf(error);
  return status === 429 || (status !== undefined && status >= 500);
}

function retryAfterMs(error: unknown): number | undefined {
  const { headers } = error as { headers?: unknown };
  const seconds = headers instanceof Headers ? Number(headers.get('retry-after') ?? Number.NaN) : Number.NaN;
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
