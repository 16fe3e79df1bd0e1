import { describe, expect, test } from 'vitest';
import { type MonitoringConfig, renderMonitoring } from '../../monitoring/index.ts';

const rendering = (config: unknown) => () => renderMonitoring(config as MonitoringConfig);

describe('a wrong configuration is refused with its remedy', () => {
  test.each<[config: unknown, message: RegExp]>([
    [{ treshold: {} }, /unknown option "treshold"; the options are thresholds, targets, budgets/],
    [{ thresholds: { apiLatency: { warning: 1 } } }, /unknown threshold "apiLatency"; the thresholds are apiLatencyMs/],
    [{ thresholds: { apiLatencyMs: 150 } }, /"apiLatencyMs" must be an object, as in \{ warning: 1, critical: 2 \}/],
    [{ thresholds: { apiLatencyMs: null } }, /"apiLatencyMs" must be an object/],
    [{ thresholds: { apiLatencyMs: { warn: 1 } } }, /"apiLatencyMs" has "warning" and "critical", not "warn"/],
    [{ thresholds: { apiLatencyMs: { warning: '1' } } }, /"apiLatencyMs" must be numbers above 0, not 1/],
    [{ thresholds: { apiLatencyMs: { warning: Number.NaN } } }, /must be numbers above 0, not NaN/],
    [{ thresholds: { apiLatencyMs: { warning: 0 } } }, /must be numbers above 0, not 0/],
    [{ thresholds: { apiLatencyMs: { warning: 300 } } }, /warns at 300 and is critical at 200: critical must be above/],
    [{ thresholds: { rateLimitShare: { warning: 0.01 } } }, /critical must be below warning/],
    [{ thresholds: null }, /thresholds must be an object/],
    [{ budgets: { render: 0 } }, /the budget of "render" must be a number of milliseconds above 0/],
    [{ budgets: { render: 'fast' } }, /the budget of "render" must be a number/],
    [{ budgets: ['render'] }, /budgets must be an object/],
    [{ slos: { availability: 0.99 } }, /unknown SLO "availability"; the SLOs are api-availability/],
    [{ slos: { 'api-latency': 99 } }, /the objective of "api-latency" must be a share between 0 and 1/],
    [{ slos: { 'api-latency': 1 } }, /must be a share between 0 and 1/],
    [{ minimumTraffic: -1 }, /minimumTraffic must be a number, 0 or above/],
    [{ minimumTraffic: '20' }, /minimumTraffic must be a number, 0 or above/],
    [{ minimumTraffic: null }, /minimumTraffic must be a number, 0 or above/],
    [
      { minimumTraffic: { HighLatency: 5 } },
      /minimumTraffic names no rule "HighLatency"; the rules are HighAPILatency/,
    ],
    [{ expectedServices: 'gateway' }, /expectedServices must be a list of names/],
    [{ excludedRoutes: [''] }, /excludedRoutes must be a list of names/],
    [{ grafanaUrl: 'grafana' }, /grafanaUrl must be a URL, not "grafana"/],
    [{ runbooksUrl: 5 }, /runbooksUrl must be a text/],
    [null, /must be an object/],
    [[], /must be an object/],
  ])('%j', (config, message) => {
    expect(rendering(config)).toThrow(TypeError);
    expect(rendering(config)).toThrow(message);
  });
});

test('addresses go into the links of the alerts', () => {
  const { files } = renderMonitoring({
    grafanaUrl: 'https://grafana.example.com/',
    runbooksUrl: 'https://wiki.example.com/runbooks',
  });
  const rules = files.find(({ path }) => path.endsWith('alert-rules.yml'))?.text ?? '';
  expect(rules).toContain('"https://grafana.example.com/d/gaugeway-performance?');
  expect(rules).toContain('"https://wiki.example.com/runbooks#highapilatency"');
  expect(rules).not.toContain('localhost:3000');
});

test('an SLO that is left out leaves nothing behind', () => {
  const { files } = renderMonitoring({ slos: { 'job-wait': false, 'api-availability': 0.995 } });
  for (const { path, text } of files) expect(text.replace(/^`slos: .*/m, ''), path).not.toContain('job-wait');
  expect(files.find(({ path }) => path.endsWith('slo-rules.yml'))?.text).toContain('vector(0.995)');
});

test('names of operations, services and routes cannot break out of a rule', () => {
  const hostile = 'a"b\\c\nd{{ $labels.job }}';
  const { files } = renderMonitoring({
    budgets: { [hostile]: 500 },
    expectedServices: [hostile],
    excludedRoutes: [hostile],
  });
  const rules = files.find(({ path }) => path.endsWith('alert-rules.yml'))?.text ?? '';
  expect(rules.split('\n').filter((line) => line.startsWith('d{{'))).toEqual([]);
  expect(rules).toContain(String.raw`gaugeway_operation_name="a\"b\\c\nd{{ $labels.job }}"`);
});
