import type { Events, Series } from './timeline.ts';

/** What an alert, or a pair of them, is about, as series that Prometheus would have. */
export interface Scenario {
  /** The rule at the level of a warning and, of a pair, the critical one. */
  readonly rules: readonly [string] | readonly [string, string];
  /** Values below the first limit, beyond it, and beyond the second one. */
  readonly levels: { readonly fine: number; readonly bad: number; readonly critical?: number };
  /** Series of so many events that were all like this. */
  readonly series: (level: number, events: Events) => Series[];
  /** Labels that the alert carries besides those of its rule. */
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly criticalSummary?: string;
  /** Until it must have fired. */
  readonly minutes: number;
  /** @default 60 */
  readonly perMinute?: number;
  /** The level of a single event that must wake nobody; `undefined` where a single one is what it is for. */
  readonly loneLevel: number | undefined;
  /** Rendered for this scenario alone. */
  readonly budgets?: Readonly<Record<string, number>>;
}

/** Attributes of an alert's series as the labels of the alert. */
export const asLabels = (attributes: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key.replaceAll('.', '_'), value]));
