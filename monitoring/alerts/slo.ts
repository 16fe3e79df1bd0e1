import type { ResolvedConfig } from '../config.ts';
import type { Expression } from '../promql.ts';
import { type SloId, sloIds, sloSpec } from '../slos.ts';
import type { Alert } from './alert.ts';

/** A recording rule. */
export interface Recording {
  readonly record: string;
  readonly expression: Expression;
  readonly labels: Readonly<Record<string, string>>;
}

/** The windows over which a burn rate is known. */
export const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];

interface Burn {
  /** How many times faster than allowed the budget is used up. */
  readonly rate: number;
  readonly long: Window;
  /** Ends the alert soon after the trouble has ended. */
  readonly short: Window;
}

/** Rates and windows of the SRE workbook, chapter 5, for a budget of 30 days. */
export const BURNS = {
  critical: [
    { rate: 14.4, long: '1h', short: '5m' },
    { rate: 6, long: '6h', short: '30m' },
  ],
  warning: [
    { rate: 3, long: '1d', short: '2h' },
    { rate: 1, long: '3d', short: '6h' },
  ],
} as const satisfies Record<string, readonly Burn[]>;

/** Seconds between two recordings. */
export const RECORDED_EVERY = 30;
/** Each event is in the last five minutes of so many recordings. */
const RECORDED_TIMES = 300 / RECORDED_EVERY;

/** Share of bad events over a window, as it is recorded. */
export const badRatio = (window: Window, slo?: string): Expression =>
  `slo:bad:ratio${window}${slo === undefined ? '' : `{slo=${JSON.stringify(slo)}}`}`;

/** What has to be recorded, for the SLOs that the configuration keeps. */
export function sloRecordings({ objectives }: ResolvedConfig): Recording[] {
  return kept(objectives).flatMap((id) => {
    const { events, bad } = sloSpec(id);
    const labels = { slo: id };
    const over = (of: string, window: Window) => `sum_over_time(slo:${of}:increase5m{slo="${id}"}[${window}])`;
    const ratios = WINDOWS.map((window) => ({
      record: `slo:bad:ratio${window}`,
      expression:
        window === '5m'
          ? `slo:bad:increase5m{slo="${id}"} / slo:events:increase5m{slo="${id}"}`
          : `${over('bad', window)} / ${over('events', window)}`,
      labels,
    }));
    return [
      { record: 'slo:objective:ratio', expression: `vector(${objectives[id]})`, labels },
      { record: 'slo:events:increase5m', expression: events('5m'), labels },
      { record: 'slo:bad:increase5m', expression: bad('5m'), labels },
      ...ratios,
    ];
  });
}

/** Two alerts for each SLO: one that wakes somebody, one that can wait for the morning. */
export function sloAlerts({ objectives, minimumTraffic }: ResolvedConfig): Alert[] {
  return kept(objectives).flatMap((id) =>
    (['critical', 'warning'] as const).map((severity): Alert => {
      const name = severity === 'critical' ? 'ErrorBudgetBurnsFast' : 'ErrorBudgetBurnsSlowly';
      const { title, promise } = sloSpec(id);
      const budget = 1 - (objectives[id] as number);
      const burning = BURNS[severity].map((burn) => burns(id, burn, budget, minimumTraffic(name)));
      return {
        name,
        subject: `slo-${id}`,
        by: ['job'],
        severity,
        expression: burning.join('\nor\n'),
        for: '2m',
        summary: `{{ $labels.job }}: ${title}, {{ $value | humanizePercentage }} of the events are bad`,
        description: `${promise} That is promised for ${percent(objectives[id] as number)} of the events. ${
          severity === 'critical'
            ? 'At this rate the budget of a month is gone in less than five days.'
            : 'At this rate the budget of a month does not last the month.'
        }`,
        panel: { board: 'overview', title: 'Burn rate of the error budgets' },
        traces: '{ resource.service.name = "<job>" && status = error }',
        steps: [
          'The label `slo` says which promise it is; `docs/slo.md` says what counts as bad.',
          'Look for an alert on the same service that names the cause: latency, errors, a model, a queue.',
          'If a deployment came before it, take that back first and look for the reason afterwards.',
          'Once it has ended, see on the panel what is left of the budget, and decide whether risky changes can wait.',
        ],
      };
    }),
  );
}

function burns(id: SloId, { rate, long, short }: Burn, budget: number, minimum: number): Expression {
  const limit = Number((rate * budget).toPrecision(6));
  const burning = `${badRatio(long, id)} > ${limit} and ${badRatio(short, id)} > ${limit}`;
  if (minimum === 0) return `(${burning})`;
  const events = `sum_over_time(slo:events:increase5m{slo="${id}"}[${long}]) / ${RECORDED_TIMES}`;
  return `(${burning} and ${events} >= ${minimum})`;
}

const kept = (objectives: ResolvedConfig['objectives']) => sloIds.filter((id) => objectives[id] !== undefined);
const percent = (share: number) => `${Number((share * 100).toPrecision(6))} %`;
