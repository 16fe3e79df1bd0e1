import type { Tokens } from './reply.ts';

/** What was truly served for one requested model. */
export interface LedgerEntry {
  requests: number;
  /** Answers sent whole, terminal event included. */
  completed: number;
  /** By HTTP status; in-stream errors under `stream`. */
  errors: Record<string, number>;
  /** Cut off by this server: dropped, reset or truncated. */
  dropped: number;
  /** Left by the client before the end. */
  abandoned: number;
  /** Tokens of completed answers, whether the client was told or not. */
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  /** What usage blocks told clients; of an answer that was cut off, as far as it got. */
  reportedInputTokens: number;
  reportedOutputTokens: number;
}

export type Outcome = 'completed' | 'dropped' | 'abandoned' | { error: number | 'stream' };

/** The true numbers by requested model; requests without a model are under `unknown`. */
export type Ledger = Record<string, LedgerEntry>;

/** Counts a request; call the result once with how it ended and the tokens of what was sent. */
export function openEntry(
  ledger: Ledger,
  model: string,
): (outcome: Outcome, tokens?: Tokens, reported?: boolean) => void {
  ledger[model] ??= {
    requests: 0,
    completed: 0,
    errors: {},
    dropped: 0,
    abandoned: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    reportedInputTokens: 0,
    reportedOutputTokens: 0,
  };
  const entry = ledger[model];
  entry.requests += 1;
  return (outcome, tokens, reported = false) => {
    if (typeof outcome === 'object') entry.errors[outcome.error] = (entry.errors[outcome.error] ?? 0) + 1;
    else entry[outcome] += 1;
    if (tokens === undefined) return;
    if (outcome === 'completed') {
      entry.inputTokens += tokens.input;
      entry.outputTokens += tokens.output;
      entry.cachedInputTokens += tokens.cachedInput;
    }
    if (!reported) return;
    entry.reportedInputTokens += tokens.input;
    entry.reportedOutputTokens += tokens.output;
  };
}
