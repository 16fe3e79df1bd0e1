import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderMonitoring } from '../../monitoring/index.ts';
import { servers } from '../../monitoring/third-party.ts';
import { expanded, groupingsOf, known, parsePromql, selectorsOf } from './expressions.ts';
import { panelsOf } from './panels.ts';

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
}

const { files } = renderMonitoring({ budgets: { 'load documents': 500 }, expectedServices: ['gateway'] });
const rules = files
  .filter(({ path }) => path.endsWith('.yml'))
  .flatMap(({ text }) => parse(text).groups.flatMap(({ rules: own }: { rules: Rule[] }) => own) as Rule[]);
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const queries = files
  .filter(({ path }) => path.endsWith('.json'))
  .flatMap(({ text }) => {
    const board = JSON.parse(text);
    return panelsOf(board).flatMap(({ title, targets }) =>
      targets.map(({ expr, refId }) => [`${board.title}: ${title} ${refId}`, expanded(expr)] as const),
    );
  });
const expressions = [...rules.map(({ alert, record, expr }) => [`${alert ?? record}`, expr] as const), ...queries];

test('there is something to look at', () => {
  expect(rules.filter(({ alert }) => alert).length).toBeGreaterThan(40);
  expect(queries.length).toBeGreaterThan(100);
});

describe.each(expressions)('%s', (_where, expression) => {
  test('is PromQL', () => {
    parsePromql(expression);
  });

  test('reads only what exists, by labels that it has', () => {
    for (const { name, labels } of selectorsOf(expression)) {
      if (name === '' && labels.join() === 'otel_metric_overflow') continue;
      if (recorded.has(name)) {
        expect(['slo', 'job']).toEqual(expect.arrayContaining(labels));
        continue;
      }
      expect([...known.keys()], `nothing is called ${name}`).toContain(name);
      expect(known.get(name)?.labels, name).toEqual(expect.arrayContaining(labels));
    }
  });

  test('groups by labels that everything below has', () => {
    for (const { labels, reads } of groupingsOf(expression)) {
      for (const { name } of reads) {
        // Which processes there are is asked beside the series, not summed up with them.
        if (name === '' || recorded.has(name) || name === servers.processes) continue;
        expect(known.get(name)?.labels, name).toEqual(expect.arrayContaining(labels));
      }
    }
  });
});

test('an expression that is none is refused, so the tests above mean something', () => {
  expect(() => parsePromql('sum by (job (rate(x[5m]))')).toThrow('not PromQL');
  expect(groupingsOf('sum by (job, le) (rate(x{y="z"}[5m]))')).toEqual([
    { labels: ['job', 'le'], reads: [{ name: 'x', labels: ['y'] }] },
  ]);
});
