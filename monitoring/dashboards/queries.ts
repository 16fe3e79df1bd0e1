import { type Expression, type LabelKey, label, quantile } from '../promql.ts';
import type { Limits } from '../thresholds.ts';
import type { Query } from './panels.ts';

/** Grafana's range for a rate: at least four times the interval at which points arrive. */
export const RATE = '$__rate_interval';
/** The range of the alerts: what shows one number of now should agree with them. */
export const NOW = '5m';

/** A line per percentile. */
export function percentiles(shares: readonly number[], rates: Expression, by: readonly LabelKey[] = []): Query[] {
  return shares.map((share) => ({ expression: quantile(share, by, rates), legend: `P${share * 100}${suffix(by)}` }));
}

/** A line per group. */
export const line = (expression: Expression, ...by: readonly LabelKey[]): Query => ({
  expression,
  legend: by.map((key) => `{{${label(key)}}}`).join(' '),
});

/** A line with a name of its own. */
export const named = (legend: string, expression: Expression): Query => ({ expression, legend });

const suffix = (by: readonly LabelKey[]) => by.map((key) => ` {{${label(key)}}}`).join('');

/** Percentiles of what alerts judge by its tail, and of what the API promises. */
export const P50_P90_P99 = [0.5, 0.9, 0.99] as const;
export const P50_P95_P99 = [0.5, 0.95, 0.99] as const;

/** Limits in milliseconds as those of a panel in seconds. */
export const inSeconds = ({ warning, critical }: Limits): Limits => ({
  warning: warning / 1000,
  critical: critical / 1000,
});

/** One expression over another, as a share of it; nothing failed is 0, not nothing. */
export const share = (part: Expression, whole: Expression): Expression => `(${part} or 0 * ${whole}) / ${whole}`;
