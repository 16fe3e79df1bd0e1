import type { Ledger } from '../mock-provider/index.ts';
import type { ModelNumbers } from './numbers.ts';

/** The numbers of one model that the provider and the measurement must agree on. */
export interface Account {
  readonly calls: number;
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const FIELDS = ['calls', 'errors', 'inputTokens', 'outputTokens'] as const;

/** What the provider itself counted while it served. */
export function served(ledger: Ledger): Record<string, Account> {
  return Object.fromEntries(
    Object.entries(ledger).map(([model, entry]) => [
      model,
      {
        calls: entry.requests,
        errors: Object.values(entry.errors).reduce((sum, count) => sum + count, entry.dropped),
        inputTokens: entry.reportedInputTokens,
        outputTokens: entry.reportedOutputTokens,
      },
    ]),
  );
}

/** What gaugeway measured, in the same terms. */
export function measured(models: readonly ModelNumbers[]): Record<string, Account> {
  return Object.fromEntries(
    models.map(({ model, calls, errors, inputTokens = 0, outputTokens = 0 }) => [
      model,
      { calls, errors: Object.values(errors).reduce((sum, count) => sum + count, 0), inputTokens, outputTokens },
    ]),
  );
}

/** Every difference as a line of text. */
export function differences(left: Record<string, Account>, right: Record<string, Account>): string[] {
  const models = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...models].flatMap((model) =>
    FIELDS.filter((field) => left[model]?.[field] !== right[model]?.[field]).map(
      (field) =>
        `${model}: ${right[model]?.[field] ?? 'no'} ${field} measured, ${left[model]?.[field] ?? 'none'} served`,
    ),
  );
}

export function totals(accounts: Record<string, Account>): Account {
  const add = (field: (typeof FIELDS)[number]) =>
    Object.values(accounts).reduce((sum, account) => sum + account[field], 0);
  return {
    calls: add('calls'),
    errors: add('errors'),
    inputTokens: add('inputTokens'),
    outputTokens: add('outputTokens'),
  };
}
