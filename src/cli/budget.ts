import { type ResolvedConfig, resolveConfig } from '../../monitoring/config.ts';
import { seriesName } from '../../monitoring/promql.ts';
import type { LEVELS, Levels } from '../../monitoring/targets.ts';
import { catalogue, type InstrumentSpec } from '../catalogue/index.ts';
import { withoutCredentials } from './checks/sending.ts';
import { readConfiguration } from './configuration.ts';
import { type Histogram, histograms } from './histogram.ts';
import { PageError, readPage, type Sample } from './metrics-page.ts';
import { failure, ok, shown, type Verdict, warning } from './verdict.ts';

/** What is held against what. */
export interface BudgetOptions {
  readonly config?: string | undefined;
  /** Metrics pages of applications that have worked under load. */
  readonly metrics: readonly string[];
  /** From which level on a budget is violated. */
  readonly level: (typeof LEVELS)[number];
  /** Fewer events are not judged. */
  readonly minimum: number;
}

interface Rules extends ResolvedConfig {
  readonly level: (typeof LEVELS)[number];
  readonly minimum: number;
}

const PERCENTILES = ['P50', 'P95', 'P99'] as const;
const SHARES = { P50: 0.5, P95: 0.95, P99: 0.99 } as const;

/** Holds what applications have measured against their budgets, line by line. Resolves to false when one is violated. */
export async function checkBudgets(
  { config, metrics, level, minimum }: BudgetOptions,
  print: (line: string) => void,
  isColoured: boolean,
): Promise<boolean> {
  const rules: Rules = { ...resolveConfig(await readConfiguration(config)), level, minimum };
  let violations = 0;
  const samples: Sample[] = [];
  const tell = (verdict: Verdict): void => {
    if (verdict.status === 'failure') violations++;
    print(shown(verdict, isColoured));
  };
  for (const url of metrics) {
    try {
      samples.push(...(await readPage(url)));
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      tell(failure('metrics page', `${withoutCredentials(url)}: ${error.message}`, error.remedy));
    }
  }
  const verdicts = [...requests(samples, rules), ...queries(samples, rules), ...operations(samples, rules)];
  for (const verdict of verdicts) tell(verdict);
  if (violations === 0 && verdicts.every(({ remedy }) => remedy === TOO_FEW)) {
    tell(
      failure(
        'budgets',
        'nothing was measured that has one',
        'run the load test before, and give the page of what served it',
      ),
    );
  }
  print(violations === 0 ? 'Within budget.' : `Not within budget: ${violations} to mend.`);
  return violations === 0;
}

const TOO_FEW = 'let the load test run for longer, or lower --minimum';

function requests(samples: readonly Sample[], rules: Rules): Verdict[] {
  const { httpServerRequestDuration: row } = catalogue;
  const { targets, excludedRoutes } = rules;
  const routes = timed(samples, row, ['http_route'], rules, {
    P50: targets.apiP50Ms,
    P95: targets.apiP95Ms,
    P99: targets.apiP99Ms,
    named: (route) => (excludedRoutes.includes(route) ? undefined : `requests to ${route || 'no route'}`),
  });
  const answered = samples.filter(({ name }) => name === seriesName(row, 'count'));
  const total = sum(answered);
  if (total === 0) return routes;
  if (total < rules.minimum) return [...routes, tooFew('failed requests', total)];
  const failed = sum(answered.filter(({ labels }) => /^5..$/.test(labels.http_response_status_code ?? '')));
  return [...routes, judged('failed requests', failed / total, targets.errorShare, rules.level, percent)];
}

function queries(samples: readonly Sample[], rules: Rules): Verdict[] {
  const { targets } = rules;
  return timed(samples, catalogue.dbOperationDuration, ['db_system_name', 'db_operation_name'], rules, {
    P50: targets.dbP50Ms,
    P95: targets.dbP95Ms,
    P99: targets.dbP99Ms,
    named: (operation) => `queries ${operation}`,
  });
}

function operations(samples: readonly Sample[], { budgets, minimum }: Rules): Verdict[] {
  const found = histograms(samples, seriesName(catalogue.appOperationDuration, 'bucket'), ['gaugeway_operation_name']);
  const known = [...found.keys()].join(', ') || 'none';
  return Object.entries(budgets).map(([operation, budgetMs]) => {
    const what = `operation ${operation}`;
    const measured = found.get(operation);
    if (measured === undefined) {
      return failure(what, 'has a budget and no measurement', `the operations that were measured: ${known}`);
    }
    if (!measured.hasOneScale) return mixed(what);
    if (measured.count < minimum) return tooFew(what, measured.count);
    const budget = { target: budgetMs, warning: budgetMs, critical: budgetMs };
    return judged(`${what} P95`, measured.percentile(0.95) * 1000, budget, 'warning', milliseconds);
  });
}

interface Timed extends Record<(typeof PERCENTILES)[number], Levels> {
  /** What a group is called; `undefined` leaves it out. */
  readonly named: (group: string) => string | undefined;
}

function timed(
  samples: readonly Sample[],
  row: InstrumentSpec,
  by: readonly string[],
  { level, minimum }: Rules,
  { named, ...levels }: Timed,
): Verdict[] {
  const groups: [string, Histogram][] = [...histograms(samples, seriesName(row, 'bucket'), by)];
  return groups.flatMap(([group, measured]) => {
    const what = named(group);
    if (what === undefined) return [];
    if (!measured.hasOneScale) return [mixed(what)];
    if (measured.count < minimum) return [tooFew(what, measured.count)];
    return PERCENTILES.map((percentile) =>
      judged(
        `${what} ${percentile}`,
        measured.percentile(SHARES[percentile]) * 1000,
        levels[percentile],
        level,
        milliseconds,
      ),
    );
  });
}

function judged(
  what: string,
  value: number,
  levels: Levels,
  level: (typeof LEVELS)[number],
  written: (value: number) => string,
): Verdict {
  const found = `${written(value)}, budget ${written(levels[level])}`;
  // Percentiles are interpolated in floating point: what lies on the limit is not beyond it.
  const isBeyond = (limit: number) => value > limit * (1 + 1e-9);
  if (isBeyond(levels[level])) {
    const times = `${Number((value / levels[level]).toPrecision(3))} times its budget`;
    return failure(what, found, isBeyond(levels.critical) ? `${times}, and critical` : times);
  }
  return isBeyond(levels.target) ? warning(what, found, `aim at ${written(levels.target)}`) : ok(what, found);
}

const mixed = (what: string): Verdict =>
  failure(
    what,
    'its series have different boundaries, and buckets of such cannot be added up',
    'give the applications the same thresholds, or hold each page against the budgets by itself',
  );
const tooFew = (what: string, count: number): Verdict => warning(what, `${count} are too few to judge`, TOO_FEW);
const sum = (samples: readonly Sample[]) => samples.reduce((total, { value }) => total + value, 0);
const milliseconds = (value: number) => `${Number(value.toPrecision(4))} ms`;
const percent = (value: number) => `${Number((value * 100).toPrecision(4))} %`;
