import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { renderMonitoring } from '../../monitoring/index.ts';
import { servers } from '../../monitoring/third-party.ts';
import { catalogue } from '../../src/catalogue/index.ts';
import { api } from '../monitoring/scenarios/api.ts';
import { jobs } from '../monitoring/scenarios/jobs.ts';
import { models } from '../monitoring/scenarios/models.ts';
import type { Scenario } from '../monitoring/scenarios/scenario.ts';
import { slos } from '../monitoring/scenarios/slos.ts';
import { telemetry } from '../monitoring/scenarios/telemetry.ts';
import {
  counter,
  histogram,
  lone,
  mixed,
  type Series,
  STEP_SECONDS,
  steady,
  still,
  withReset,
  written,
} from '../monitoring/scenarios/timeline.ts';
import { runTool } from './servers/index.ts';

interface Rule {
  alert?: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

let folder: string;
let last = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gaugeway-rules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The rules that a scenario needs, as they are committed; only those, because each is evaluated at every step. */
async function writeRules(
  { rules: names, budgets = {} }: Pick<Scenario, 'budgets'> & { readonly rules: readonly string[] },
  slo?: string,
  expectedServices: readonly string[] = [],
): Promise<{ paths: string[]; rules: Rule[] }> {
  const files = renderMonitoring({ budgets, expectedServices }).files.filter(({ path }) => path.endsWith('.yml'));
  const isNeeded = ({ alert, labels }: Rule) =>
    (alert === undefined || names.some((name) => name === alert)) && labels.slo === slo;
  const groups = files
    .flatMap(({ text }) => parse(text).groups as { name: string; rules: Rule[] }[])
    .map((group) => ({ ...group, rules: group.rules.filter(isNeeded) }))
    .filter(({ rules }) => rules.length > 0);
  const path = join(folder, `rules-${last++}.yml`);
  await writeFile(path, stringify({ groups }, { lineWidth: 0 }));
  return { paths: [path], rules: groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert) };
}

interface Expectation {
  expr: string;
  value: number | undefined;
}

/** Lets promtool evaluate the rules over the series, and hold these expressions against their values at the end. */
async function evaluate(
  { paths }: { paths: string[] },
  series: readonly Series[],
  minutes: number,
  expectations: readonly Expectation[],
  alerts: readonly object[] = [],
): Promise<string> {
  const path = join(folder, `test-${last++}.yml`);
  const at = `${minutes}m`;
  const text = stringify(
    {
      rule_files: paths,
      evaluation_interval: `${STEP_SECONDS}s`,
      // What records comes before what reads it.
      group_eval_order: ['slo-recordings', 'slo'],
      tests: [
        {
          interval: `${STEP_SECONDS}s`,
          input_series: [...processesOf(series, minutes), ...series].map(written),
          alert_rule_test: alerts.map((alert) => ({ eval_time: at, ...alert })),
          promql_expr_test: expectations.map(({ expr, value }) => ({
            expr,
            eval_time: at,
            exp_samples: value === undefined ? [] : [{ labels: '{}', value }],
          })),
        },
      ],
    },
    { lineWidth: 0 },
  );
  await writeFile(path, text);
  const { code, output } = await runTool('promtool', ['test', 'rules', path]);
  return code === 0 ? 'as expected' : output;
}

/** What Prometheus has of every process. */
function processesOf(series: readonly Series[], minutes: number): Series[] {
  const jobs = new Set(series.flatMap(({ labels }) => labels.job ?? []));
  const values = steady(minutes, 0).map(() => 1);
  return [...jobs].map((job) => ({ name: servers.processes, labels: { job }, values }));
}

const alertsOf = (rule: string, state: 'pending' | 'firing', slo?: string) =>
  `ALERTS{alertname="${rule}", alertstate="${state}"${slo ? `, slo="${slo}"` : ''}}`;
/** How long the rule was pending, at most, in steps. */
const pendingSteps = (rule: string, slo?: string) => `max(count_over_time(${alertsOf(rule, 'pending', slo)}[1d]))`;
const hasFired = (rule: string, slo?: string) => `max(max_over_time(${alertsOf(rule, 'firing', slo)}[1d]))`;
const seconds = (duration: string) => Number.parseInt(duration, 10) * (duration.endsWith('m') ? 60 : 1);

const filledIn = (text: string, labels: Readonly<Record<string, string>>) =>
  text.replace(/\{\{ \$labels\.(\w+) \| urlquery \}\}/g, (_, key) => encodeURIComponent(labels[key] ?? ''));

const scenarios: [title: string, Scenario, slo?: string][] = [
  ...[...api, ...jobs, ...telemetry].map((each): [string, Scenario] => [each.rules.join(' and '), each]),
  ...(['v1.41', 'latest', 'both'] as const).flatMap((generation) =>
    models(generation).map((each): [string, Scenario] => [
      `${each.rules.join(' and ')} with names ${generation}`,
      each,
    ]),
  ),
  ...slos.map(([slo, each]): [string, Scenario, string] => [`${each.rules.join(' and ')} of ${slo}`, each, slo]),
];

test('every alert has a scenario', () => {
  const { files } = renderMonitoring({ budgets: { any: 1 }, expectedServices: ['any'] });
  const rules = files
    .filter(({ path }) => path.endsWith('.yml'))
    .flatMap(({ text }) => parse(text).groups as { rules: Rule[] }[])
    .flatMap(({ rules: own }) => own.flatMap(({ alert }) => alert ?? []));
  const tested = scenarios.flatMap(([, { rules: names }]) => names as readonly string[]);
  expect(new Set([...tested, 'Watchdog'])).toEqual(new Set(rules));
});

describe.each(scenarios)('%s', (_title, scenario, slo) => {
  const { rules: names, levels, series, minutes, perMinute = 60, loneLevel } = scenario;
  const events = steady(minutes, perMinute);
  let rendered: Awaited<ReturnType<typeof writeRules>>;
  const silent = (among: readonly string[] = names) =>
    among.map((name) => ({ expr: hasFired(name, slo), value: undefined }));
  const fire = (among: readonly string[]) => among.map((name) => ({ expr: hasFired(name, slo), value: 1 }));
  const levelOf = (index: number) => (index === 0 ? levels.bad : (levels.critical as number));

  beforeAll(async () => {
    rendered = await writeRules(scenario, slo);
  });

  test('fires, tells which and how bad, and leads to the board and the runbook', async () => {
    for (const [index, name] of names.entries()) {
      const { labels, annotations } = rendered.rules.find(({ alert }) => alert === name) as Rule;
      const expected = {
        alertname: name,
        exp_alerts: [
          {
            exp_labels: { ...labels, ...scenario.labels },
            exp_annotations: {
              ...annotations,
              dashboard_url: filledIn(annotations.dashboard_url ?? '', scenario.labels),
              summary: index === 0 ? scenario.summary : scenario.criticalSummary,
            },
          },
        ],
      };
      expect(await evaluate(rendered, series(levelOf(index), events), minutes, [], [expected])).toBe('as expected');
    }
  });

  test('waits for as long as its rule says', async () => {
    for (const [index, name] of names.entries()) {
      const rule = rendered.rules.find(({ alert }) => alert === name) as Rule;
      const steps = seconds(rule.for ?? '0s') / STEP_SECONDS;
      expect(steps).toBeGreaterThan(0);
      const expected = [{ expr: pendingSteps(name, slo), value: steps }, ...fire([name])];
      expect(await evaluate(rendered, series(levelOf(index), events), minutes, expected)).toBe('as expected');
    }
  });

  test('does not fire below its limit', async () => {
    expect(await evaluate(rendered, series(levels.fine, events), minutes, silent())).toBe('as expected');
    const [, critical] = names;
    if (critical === undefined) return;
    expect(await evaluate(rendered, series(levels.bad, events), minutes, silent([critical]))).toBe('as expected');
  });

  test('is silent where nothing happens, where there is nothing, and about one lone event', async () => {
    expect(await evaluate(rendered, [], minutes, silent())).toBe('as expected');
    const worst = levels.critical ?? levels.bad;
    const asGauge = series(worst, events).some(({ isGauge }) => isGauge);
    if (!asGauge)
      expect(await evaluate(rendered, series(worst, still(minutes)), minutes, silent())).toBe('as expected');
    if (loneLevel === undefined) return;
    expect(await evaluate(rendered, series(loneLevel, lone(minutes)), minutes, silent())).toBe('as expected');
  });

  test('survives a restart of what it watches', async () => {
    expect(await evaluate(rendered, withReset(series(levels.fine, events)), minutes, silent())).toBe('as expected');
    for (const [index, name] of names.entries()) {
      const restarted = withReset(series(levelOf(index), events));
      expect(await evaluate(rendered, restarted, minutes, fire([name]))).toBe('as expected');
    }
  });
});

test('the watchdog fires where there is nothing, so that its silence means something', async () => {
  const rendered = await writeRules({ rules: ['Watchdog'] });
  expect(await evaluate(rendered, [], 5, [{ expr: hasFired('Watchdog'), value: 1 }])).toBe('as expected');
});

test('a service that was never heard of is missed if it was expected', async () => {
  const minutes = 15;
  const rendered = await writeRules({ rules: ['TelemetryMissing'] }, undefined, ['gone', 'here']);
  const here: Series = {
    ...counter(catalogue.selfHooks, { job: 'here' }, steady(minutes, 0)),
    values: steady(minutes, 0).map(() => 1),
  };
  const missing = (job: string) => `max(max_over_time(ALERTS{alertstate="firing", job="${job}"}[1d]))`;
  const expected = [
    { expr: missing('gone'), value: 1 },
    { expr: missing('here'), value: undefined },
  ];
  expect(await evaluate(rendered, [here], minutes, expected)).toBe('as expected');
});

describe('the limit of a percentile', () => {
  const { httpServerRequestDuration: requests } = catalogue;
  const [latency] = api as [Scenario];
  const minutes = 15;
  const route = { job: 'gateway', 'http.route': '/items/:id' };

  test('a service that always takes 110 ms fires HighAPILatency and never CriticalAPILatency', async () => {
    const rendered = await writeRules(latency);
    expect(
      await evaluate(rendered, histogram(requests, route, 0.11, steady(minutes, 60)), minutes, [
        { expr: hasFired('HighAPILatency'), value: 1 },
        { expr: 'max_over_time(ALERTS{alertname="CriticalAPILatency"}[1d])', value: undefined },
      ]),
    ).toBe('as expected');
  });

  test.each([7, 20, 60, 61, 127, 599, 6000])(
    'P95 is exact at the limit, to a request in a thousand: %i requests a minute',
    async (perMinute) => {
      const rendered = await writeRules(latency);
      const events = steady(minutes, perMinute);
      const slow = (share: number) =>
        mixed(
          requests,
          route,
          [
            [0.1, 1 - share],
            [0.15, share],
          ],
          events,
        );
      const silent = [{ expr: 'ALERTS{alertname="HighAPILatency"}', value: undefined }];
      expect(await evaluate(rendered, slow(0.049), minutes, silent)).toBe('as expected');
      const fires = [{ expr: hasFired('HighAPILatency'), value: 1 }];
      expect(await evaluate(rendered, slow(0.051), minutes, fires)).toBe('as expected');
    },
  );
});

describe('a new kind of error', () => {
  const { httpServerRequestDuration: requests } = catalogue;
  const [, errors] = api as [Scenario, Scenario];
  const minutes = 30;
  const answered = (status: string, values: Series['values']): Series => ({
    ...counter(requests, { job: 'gateway', 'http.route': '/', 'http.response.status_code': status }, [], 'count'),
    values,
  });
  const good = answered('200', [...steady(minutes, 60)]);

  test('is seen in its first burst, though its series begins with it', async () => {
    const burst = answered(
      '500',
      good.values.map((_, index) => (index < 30 ? undefined : 50)),
    );
    const fires = [{ expr: hasFired('CriticalErrorRate'), value: 1 }];
    expect(await evaluate(await writeRules(errors), [good, burst], minutes, fires)).toBe('as expected');
  });

  test('is not new after a gap in the data', async () => {
    const silent = [{ expr: hasFired('CriticalErrorRate'), value: undefined }];
    const old = answered(
      '500',
      good.values.map(() => 50),
    );
    const gap = ({ values, ...series }: Series) => ({
      ...series,
      values: values.map((value, index) => (index > 12 && index < 40 ? undefined : value)),
    });
    expect(await evaluate(await writeRules(errors), [good, old].map(gap), minutes, silent)).toBe('as expected');
  });
});
