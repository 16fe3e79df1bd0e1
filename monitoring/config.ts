import { type Objectives, resolveObjectives, type SloId } from './slos.ts';
import { type Levels, resolveTargets, type TargetName, type Targets } from './targets.ts';
import { type Limits, resolveThresholds, type ThresholdName, type Thresholds } from './thresholds.ts';

/** What alerts, boards and documents are made for; all optional. */
export interface MonitoringConfig {
  /** Warning and critical limits by name, such as `{ apiLatencyMs: { warning: 150, critical: 300 } }`. */
  readonly thresholds?: { readonly [Name in ThresholdName]?: Partial<Limits> };
  /** What `gaugeway budget` holds a measurement against, such as `{ apiP95Ms: { warning: 250, critical: 400 } }`. */
  readonly targets?: { readonly [Name in TargetName]?: Partial<Levels> };
  /** P95 budgets of named operations in ms, such as `{ 'load documents': 500 }`. @default none */
  readonly budgets?: Readonly<Record<string, number>>;
  /** Share of good events that is promised, by SLO; `false` leaves one out. */
  readonly slos?: { readonly [Id in SloId]?: number | false };
  /** Events in its window below which a rule stays silent, for all rules or by rule; 0 is the plain rule. @default 20 */
  readonly minimumTraffic?: number | Readonly<Record<string, number>>;
  /** Services whose silence is an alert even if they have never reported. @default none */
  readonly expectedServices?: readonly string[];
  /** Routes that the alerts of API latency leave out, such as one that streams answers of models. @default none */
  readonly excludedRoutes?: readonly string[];
  /** Where Grafana is, for links in alerts. @default 'http://localhost:3000' */
  readonly grafanaUrl?: string;
  /** Where the runbooks can be read, for links in alerts. @default 'docs/runbooks.md' */
  readonly runbooksUrl?: string;
}

/** The configuration with every default filled in. */
export interface ResolvedConfig {
  readonly thresholds: Thresholds;
  readonly targets: Targets;
  readonly budgets: Readonly<Record<string, number>>;
  readonly objectives: Objectives;
  readonly minimumTraffic: (rule: string) => number;
  readonly expectedServices: readonly string[];
  readonly excludedRoutes: readonly string[];
  readonly grafanaUrl: string;
  readonly runbooksUrl: string;
}

const OPTIONS = [
  'thresholds',
  'targets',
  'budgets',
  'slos',
  'minimumTraffic',
  'expectedServices',
  'excludedRoutes',
  'grafanaUrl',
  'runbooksUrl',
] as const satisfies readonly (keyof MonitoringConfig)[];

const DEFAULT_MINIMUM = 20;

/** Fills in the defaults; what is wrong throws, naming itself and what is right. */
export function resolveConfig(config: MonitoringConfig = {}): ResolvedConfig {
  record('the configuration', config);
  for (const name of Object.keys(config)) {
    if (!OPTIONS.includes(name as (typeof OPTIONS)[number])) {
      throw new TypeError(`gaugeway: unknown option "${name}"; the options are ${OPTIONS.join(', ')}`);
    }
  }
  for (const name of ['thresholds', 'targets', 'budgets', 'slos'] as const)
    record(name, config[name] === undefined ? {} : config[name]);
  const { budgets = {}, expectedServices = [], excludedRoutes = [] } = config;
  for (const [operation, budget] of Object.entries(budgets)) {
    if (!isAmount(budget) || budget === 0) {
      throw new TypeError(`gaugeway: the budget of "${operation}" must be a number of milliseconds above 0`);
    }
  }
  return {
    thresholds: resolveThresholds(config.thresholds),
    targets: resolveTargets(config.targets),
    budgets,
    objectives: resolveObjectives(config.slos),
    minimumTraffic: resolveMinimum(config.minimumTraffic),
    expectedServices: texts('expectedServices', expectedServices),
    excludedRoutes: texts('excludedRoutes', excludedRoutes),
    grafanaUrl: url('grafanaUrl', config.grafanaUrl ?? 'http://localhost:3000'),
    runbooksUrl: text('runbooksUrl', config.runbooksUrl ?? 'docs/runbooks.md'),
  };
}

function record(what: string, given: unknown): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw new TypeError(`gaugeway: ${what} must be an object`);
}

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function resolveMinimum(given: MonitoringConfig['minimumTraffic'] = DEFAULT_MINIMUM) {
  const isByRule = typeof given === 'object' && given !== null;
  const byRule: Readonly<Record<string, number | undefined>> = isByRule ? given : {};
  const general = isByRule ? DEFAULT_MINIMUM : given;
  if (![general, ...Object.values(byRule)].every(isAmount)) {
    throw new TypeError('gaugeway: minimumTraffic must be a number, 0 or above, or one for each rule');
  }
  return (rule: string) => byRule[rule] ?? general;
}

function texts(option: string, given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((item) => typeof item === 'string' && item !== '')) return given;
  throw new TypeError(`gaugeway: ${option} must be a list of names`);
}

function text(option: string, given: unknown): string {
  if (typeof given === 'string' && given !== '') return given;
  throw new TypeError(`gaugeway: ${option} must be a text`);
}

function url(option: string, given: string): string {
  if (!URL.canParse(text(option, given))) throw new TypeError(`gaugeway: ${option} must be a URL, not "${given}"`);
  return given.replace(/\/+$/, '');
}
