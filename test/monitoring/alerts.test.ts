import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertGroups } from '../../monitoring/alerts/index.ts';
import { type MonitoringConfig, resolveConfig } from '../../monitoring/config.ts';
import { boards } from '../../monitoring/dashboards/boards.ts';
import { renderMonitoring } from '../../monitoring/index.ts';
import { label } from '../../monitoring/promql.ts';
import { slos } from '../../monitoring/slos.ts';
import type { InstrumentSpec } from '../../src/catalogue/index.ts';
import { comparedPercentiles, known } from './expressions.ts';

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const CONFIG: MonitoringConfig = { budgets: { 'load documents': 500 }, expectedServices: ['gateway'] };
const rules = (config: MonitoringConfig = {}): Rule[] => {
  const text = renderMonitoring(config).files.find(({ path }) => path.endsWith('alert-rules.yml'))?.text ?? '';
  return parse(text).groups.flatMap((group: { rules: Rule[] }) => group.rules);
};
const rule = (name: string, config?: MonitoringConfig) => rules(config).find(({ alert }) => alert === name) as Rule;
const alerts = alertGroups(resolveConfig(CONFIG)).flatMap((group) => group.alerts);
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the six that were asked for', () => {
  test.each([
    ['HighAPILatency', 'http_server_request_duration_seconds_bucket', 0.1, '5m', 'warning'],
    ['CriticalAPILatency', 'http_server_request_duration_seconds_bucket', 0.2, '2m', 'critical'],
    ['SlowDatabaseQueries', 'db_client_operation_duration_seconds_bucket', 0.05, '5m', 'warning'],
    ['CriticalDatabaseQueries', 'db_client_operation_duration_seconds_bucket', 0.1, '2m', 'critical'],
  ])('%s compares P95 of %s with %s s for %s', (name, metric, limit, wait, severity) => {
    const { expr, for: held, labels } = rule(name, { minimumTraffic: 0 });
    expect(expr).toMatch(
      new RegExp(
        `^histogram_quantile\\(0\\.95, sum by \\(job, [\\w, ]+le\\) \\(rate\\(${metric}\\[5m\\]\\)\\)\\) > ${limit}$`,
      ),
    );
    expect({ held, severity: labels.severity }).toEqual({ held: wait, severity });
  });

  test.each([
    ['HighErrorRate', 0.001, '5m', 'warning'],
    ['CriticalErrorRate', 0.01, '2m', 'critical'],
  ])('%s compares the share of 5xx with %s for %s', (name, limit, wait, severity) => {
    const { expr, for: held, labels } = rule(name, { minimumTraffic: 0 });
    expect(expr).toMatch(new RegExp(`http_response_status_code=~"5\\.\\.".* / .* > ${limit}$`));
    expect(expr).not.toMatch(/ >= \d+$/);
    expect({ held, severity: labels.severity }).toEqual({ held: wait, severity });
  });

  test('stay silent below 20 requests in five minutes, or as many as the configuration says, by rule if it likes', () => {
    expect(rule('HighAPILatency').expr).toMatch(/\nand on \(job, http_route\) sum by .* >= 20$/);
    expect(rule('HighAPILatency', { minimumTraffic: 5 }).expr).toMatch(/ >= 5$/);
    const own = { minimumTraffic: { HighErrorRate: 0, CriticalErrorRate: 100 } };
    expect(rule('HighErrorRate', own).expr).not.toMatch(/ >= \d+$/);
    expect(rule('CriticalErrorRate', own).expr).toMatch(/ >= 100$/);
    expect(rule('HighAPILatency', own).expr).toMatch(/ >= 20$/);
  });
});

describe.each(rules(CONFIG).map((each) => [`${each.alert} ${each.labels.slo ?? ''}`.trim(), each] as const))(
  '%s',
  (_name, { alert, annotations, labels, expr }) => {
    const spec = alerts.find(({ name }) => name === alert);

    test('has a severity, a summary of one line, a description and a group', () => {
      expect(['info', 'warning', 'critical']).toContain(labels.severity);
      expect(labels.alert_group).toMatch(/^[a-z-]+$/);
      expect(annotations.summary).toMatch(/^[^\n]{5,200}$/);
      expect(annotations.description?.length).toBeGreaterThan(20);
    });

    test('has a runbook that names a panel which exists and a trace query', () => {
      const page =
        read('docs/runbooks.md') + renderMonitoring(CONFIG).files.find(({ path }) => path === 'docs/runbooks.md')?.text;
      const section = page.split(/^### /m).find((each) => each.startsWith(`${alert}\n`)) ?? '';
      expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
      const [, title, uid] =
        /panel: "(.+)" on the board \[.+\]\(http:\/\/localhost:3000\/d\/(.+)\)/.exec(section) ?? [];
      const board = Object.values(boards(resolveConfig(CONFIG))).find((each) => each.uid === uid);
      expect(board?.sections.flatMap(({ panels }) => panels.map(({ panel }) => panel.title))).toContain(title);
      expect(section).toMatch(/traces: `\{ .+ \}`/);
      expect(section).toMatch(/^1\. .+/m);
      expect(annotations.dashboard_url).toContain(`/d/${uid}`);
    });

    test('speaks of no label that it does not have', () => {
      const own = [...(spec?.by ?? []).map(label), 'exporter', 'receiver', 'integration', 'rule_group', 'instance'];
      const named = [annotations.summary, annotations.dashboard_url].flatMap((text = '') =>
        [...text.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name),
      );
      for (const name of named) expect(own).toContain(name);
      const asked = [...(spec?.traces ?? '').matchAll(/<(\w+)>/g)].map(([, name]) => name);
      if ((spec?.by.length ?? 0) > 0) for (const name of asked) expect(own).toContain(name);
    });

    test('compares percentiles with boundaries of their histogram only', () => {
      for (const { reads, limit } of comparedPercentiles(expr)) {
        for (const { name } of reads) expect(known.get(name)?.row?.buckets, name).toContain(limit);
      }
    });
  },
);

test('the limits of percentiles are found, so the test above means something', () => {
  const found = rules().filter(({ expr }) => comparedPercentiles(expr).length > 0);
  expect(found.length).toBeGreaterThanOrEqual(10);
});

test('an SLO of latency counts from a boundary of its histograms', () => {
  const specs = Object.values(slos).flatMap((slo): { of: readonly InstrumentSpec[]; at: number }[] =>
    'boundary' in slo ? [slo.boundary] : [],
  );
  expect(specs.length).toBeGreaterThan(2);
  for (const { of, at } of specs) for (const { buckets } of of) expect(buckets).toContain(at);
});

test('a threshold that is no boundary is told, with the boundaries around it', () => {
  expect(renderMonitoring().warnings).toEqual([]);
  expect(
    renderMonitoring({ thresholds: { apiLatencyMs: { warning: 120 } }, budgets: { render: 600 } }).warnings,
  ).toEqual([
    expect.stringMatching(/apiLatencyMs\.warning is 120 ms, .* between 100 ms and 150 ms/),
    expect.stringMatching(/"render" is 600 ms, .* between 500 ms and 1000 ms/),
  ]);
});

test('a budget becomes a rule whose value is how many times it is exceeded', () => {
  const { expr, annotations } = rule('OperationOverBudget', {
    budgets: { 'load "all" documents': 500 },
    minimumTraffic: 0,
  });
  expect(expr).toBe(
    'histogram_quantile(0.95, sum by (job, gaugeway_operation_name, le) (rate(gaugeway_operation_duration_seconds_bucket{gaugeway_operation_name="load \\"all\\" documents"}[5m]))) / 0.5 > 1',
  );
  expect(annotations.summary).toContain('its budget of 500 ms');
  expect(rules().some(({ alert }) => alert === 'OperationOverBudget')).toBe(false);
});

test('routes that are left out are left out of latency and not of errors', () => {
  const config = { excludedRoutes: ['/v1/chat', '/a.b'] };
  expect(rule('HighAPILatency', config).expr).toContain('{http_route!~"/v1/chat|/a\\\\.b"}');
  expect(rule('HighErrorRate', config).expr).not.toContain('http_route');
});

test('critical silences warning: a pair has one group, and the Alertmanager compares every label that it is told apart by', () => {
  const { inhibit_rules } = parse(read('deploy/alertmanager/alertmanager.yml'));
  const [{ equal, source_matchers, target_matchers }] = inhibit_rules;
  expect([source_matchers, target_matchers]).toEqual([['severity = "critical"'], ['severity = "warning"']]);
  const bySubject = Map.groupBy(alerts, ({ subject }) => subject);
  const paired = [...bySubject.values()].filter((group) => new Set(group.map(({ severity }) => severity)).size > 1);
  expect(paired.length).toBeGreaterThan(10);
  for (const key of paired.flatMap((group) => group.flatMap(({ by }) => by))) expect(equal).toContain(label(key));
  expect(equal).toEqual(expect.arrayContaining(['alert_group', 'slo']));
});

test('the burn rates are those of the SRE workbook', () => {
  const [fast, slow] = ['ErrorBudgetBurnsFast', 'ErrorBudgetBurnsSlowly'].map(
    (name) => rule(name, { minimumTraffic: 0 }).expr,
  );
  expect(fast).toBe(
    [
      '(slo:bad:ratio1h{slo="api-availability"} > 0.0144 and slo:bad:ratio5m{slo="api-availability"} > 0.0144)',
      'or',
      '(slo:bad:ratio6h{slo="api-availability"} > 0.006 and slo:bad:ratio30m{slo="api-availability"} > 0.006)',
    ].join('\n'),
  );
  expect(slow).toBe(
    [
      '(slo:bad:ratio1d{slo="api-availability"} > 0.003 and slo:bad:ratio2h{slo="api-availability"} > 0.003)',
      'or',
      '(slo:bad:ratio3d{slo="api-availability"} > 0.001 and slo:bad:ratio6h{slo="api-availability"} > 0.001)',
    ].join('\n'),
  );
});

test('every alert of model calls reads both generations of the names', () => {
  for (const { alert, expr } of rules()) {
    if (!expr.includes('gen_ai_client_')) continue;
    expect(expr, alert).toMatch(/gen_ai_client_operation_/);
    expect(expr, alert).toMatch(/gen_ai_client_inference_/);
  }
});
