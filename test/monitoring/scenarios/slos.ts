import { catalogue, type InstrumentSpec } from '../../../src/catalogue/index.ts';
import type { Scenario } from './scenario.ts';
import { counter, type Events, mixed, type Series } from './timeline.ts';

const job = { job: 'gateway' };
const scaled = (events: Events, share: number): Events => events.map((count) => count * share);
const durations = (row: InstrumentSpec, good: number, bad: number) => (share: number, events: Events) =>
  mixed(
    row,
    job,
    [
      [good, 1 - share],
      [bad, share],
    ],
    events,
  );
const counted =
  (row: InstrumentSpec, key: string, good: string, bad: string) =>
  (share: number, events: Events): Series[] => [
    counter(row, { ...job, [key]: good }, scaled(events, 1 - share), 'count'),
    counter(row, { ...job, [key]: bad }, scaled(events, share), 'count'),
  ];

interface SloScenario {
  id: string;
  title: string;
  budget: number;
  series: Scenario['series'];
}

const each: SloScenario[] = [
  {
    id: 'api-availability',
    title: 'API availability',
    budget: 0.001,
    series: counted(catalogue.httpServerRequestDuration, 'http.response.status_code', '200', '503'),
  },
  {
    id: 'api-latency',
    title: 'API latency',
    budget: 0.01,
    series: durations(catalogue.httpServerRequestDuration, 0.05, 0.9),
  },
  {
    id: 'model-availability',
    title: 'Model availability',
    budget: 0.01,
    series: (share, events) => [
      counter(catalogue.inferenceDuration, job, events, 'count'),
      counter(catalogue.modelErrors, job, scaled(events, share)),
    ],
  },
  {
    id: 'model-first-chunk',
    title: 'Time to first chunk',
    budget: 0.05,
    series: durations(catalogue.operationTimeToFirstChunk, 0.5, 9),
  },
  {
    id: 'job-success',
    title: 'Job success',
    budget: 0.01,
    series: counted(catalogue.jobRunDuration, 'gaugeway.job.result', 'success', 'timeout'),
  },
  { id: 'job-wait', title: 'Job wait', budget: 0.01, series: durations(catalogue.jobWaitTime, 2, 200) },
];

/** By SLO: what burns its budget so fast that somebody is woken, and what can wait. */
export const slos: [id: string, Scenario][] = each.map(({ id, title, budget, series }) => [
  id,
  {
    rules: ['ErrorBudgetBurnsSlowly', 'ErrorBudgetBurnsFast'],
    levels: { fine: budget * 0.5, bad: budget * 4, critical: Math.min(1, budget * 16) },
    series,
    labels: job,
    summary: `gateway: ${title}, ${percent(budget * 4)} of the events are bad`,
    criticalSummary: `gateway: ${title}, ${percent(Math.min(1, budget * 16))} of the events are bad`,
    minutes: 60,
    perMinute: 600,
    loneLevel: 1,
  },
]);

/** As Prometheus prints it: four digits that count. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))}%`;
}
