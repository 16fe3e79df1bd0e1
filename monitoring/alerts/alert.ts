import type { PanelReference } from '../dashboards/panels.ts';
import type { Expression, LabelKey } from '../promql.ts';
import { on, sumBy } from '../promql.ts';
import type { Limits } from '../thresholds.ts';

/** One alert rule, and what somebody needs to know whom it wakes. */
export interface Alert {
  readonly name: string;
  /** Alerts of one subject at several severities share it: the most severe one silences the others. */
  readonly subject: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly expression: Expression;
  /** What there is one alert for each of. */
  readonly by: readonly LabelKey[];
  /** How long it must hold. */
  readonly for: string;
  /** One line with `{{ $labels }}` and `{{ $value }}` filled in. */
  readonly summary: string;
  /** What it means for a user, in a sentence or two. */
  readonly description: string;
  /** The panel that shows it. */
  readonly panel: PanelReference;
  /** TraceQL that finds what it is about; `<label>` stands for a label of the alert. */
  readonly traces: string;
  /** What to do, in this order. */
  readonly steps: readonly string[];
}

/** The alert at both severities: what differs comes first, what they share after. */
export function pair(
  names: readonly [warning: string, critical: string],
  waits: readonly [warning: string, critical: string],
  limits: Limits,
  shared: Omit<Alert, 'name' | 'severity' | 'expression' | 'for'> & {
    readonly expression: (limit: number, name: string) => Expression;
  },
): Alert[] {
  const { expression, ...rest } = shared;
  return (['warning', 'critical'] as const).map((severity, index) => {
    const name = names[index] as string;
    return { ...rest, name, severity, for: waits[index] as string, expression: expression(limits[severity], name) };
  });
}

/** Only where so much happened; 0 leaves the expression as it is. */
export function withTraffic(
  expression: Expression,
  by: readonly LabelKey[],
  events: Expression,
  minimum: number,
): Expression {
  return minimum === 0 ? expression : `${expression}\nand ${on(by)} ${sumBy(by, events)} >= ${minimum}`;
}

/** Milliseconds of a configuration as the seconds of a metric, without the error of a division. */
export const seconds = (milliseconds: number): number => Number((milliseconds / 1000).toPrecision(12));
