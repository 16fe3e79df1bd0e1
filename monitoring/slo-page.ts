import { BURNS, WINDOWS } from './alerts/slo.ts';
import type { ResolvedConfig } from './config.ts';
import { sloIds, sloSpec } from './slos.ts';

/** `docs/slo.md`: what is promised, and when somebody hears that it is not kept. */
export function sloPage({ objectives }: ResolvedConfig): string {
  const kept = sloIds.filter((id) => objectives[id] !== undefined);
  const rows = kept.map((id) => {
    const { title, promise } = sloSpec(id);
    const objective = objectives[id] as number;
    return `| \`${id}\` | ${title} | ${promise} | ${percent(objective)} | ${minutes(objective)} |`;
  });
  const burns = Object.entries(BURNS).flatMap(([severity, pairs]) =>
    pairs.map(({ rate, long, short }) => {
      const used = percent((rate * hours(long)) / (30 * 24));
      return `| ${severity} | ${rate} | ${long} and ${short} | ${used} |`;
    }),
  );
  return `# Service level objectives

What the platform promises its users. Rendered from \`monitoring/slos.ts\` by \`npm run render\`, or by
\`gaugeway render\` for a configuration; do not edit by hand.

| SLO | Title | Promise | Objective | Outage that uses up the budget of 30 days |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Each holds per service (\`job\`). Change an objective, or leave one out, in the configuration:
\`slos: { 'api-availability': 0.995, 'job-wait': false }\`.

## When somebody hears of it

The error budget is what the objective leaves: 0.1 % of the events at 99.9 %. The burn rate says how many times faster than
allowed it is used up; at 1 it lasts exactly 30 days. An alert needs the rate over a long window, so that a short spike wakes
nobody, and over a short one, so that it ends soon after the trouble. Rates and windows are those of the SRE workbook.

| Severity | Burn rate | Windows | Budget used by then |
| --- | --- | --- | --- |
${burns.join('\n')}

\`ErrorBudgetBurnsFast\` is the critical pair, \`ErrorBudgetBurnsSlowly\` the other. Below 20 events in the long window
(\`minimumTraffic\`) both stay silent: one failed request in the night is no outage.

These alerts stand beside the plain thresholds (\`HighErrorRate\` and the others). Those answer to a number that was agreed, and
are loud at little traffic; these answer to what users have suffered.

## What is counted

- Five minutes at a time: \`slo:events:increase5m\` and \`slo:bad:increase5m\`, per SLO and service. The first events of a new
  series count as well, which \`increase\` alone does not see: a new kind of error is not missed in its first burst.
- Longer windows (${WINDOWS.slice(1).join(', ')}) sum these up, so that a busy hour weighs more than a quiet one:
  \`slo:bad:ratio1h\` and so on. \`slo:objective:ratio\` holds the objective.
- Latency counts the requests that were slower than the bound, from the bucket at exactly that bound. Nothing is interpolated.
- Model calls count once, in whichever generation of the GenAI names they are written. Calls that the application itself gave
  up are no failures.
- Job runs that were cancelled or skipped count neither as good nor as bad.

The board "Overview" shows the burn rates and what is left of three days' budgets.
`;
}

const percent = (share: number) => `${Number((share * 100).toPrecision(4))} %`;
const hours = (window: string) => (window.endsWith('d') ? 24 : 1) * Number.parseInt(window, 10);
const minutes = (objective: number) => {
  const total = (1 - objective) * 30 * 24 * 60;
  return total < 120 ? `${Math.round(total)} min` : `${Number((total / 60).toPrecision(3))} h`;
};
