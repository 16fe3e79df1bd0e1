/** What is aimed at, from where on a budget is violated, and from where on users suffer. */
export interface Levels {
  readonly target: number;
  readonly warning: number;
  readonly critical: number;
}

/** The names of the levels, the strictest first. */
export const LEVELS = ['target', 'warning', 'critical'] as const satisfies readonly (keyof Levels)[];

/** What `gaugeway budget` holds a measurement against, by its name in the configuration; times in ms, shares from 0 to 1. */
export const targets = {
  apiP50Ms: { target: 50, warning: 75, critical: 150 },
  apiP95Ms: { target: 100, warning: 150, critical: 200 },
  apiP99Ms: { target: 200, warning: 300, critical: 500 },
  dbP50Ms: { target: 10, warning: 25, critical: 50 },
  dbP95Ms: { target: 50, warning: 75, critical: 100 },
  dbP99Ms: { target: 100, warning: 150, critical: 250 },
  errorShare: { target: 0.0001, warning: 0.001, critical: 0.01 },
} as const satisfies Record<string, Levels>;

export type TargetName = keyof typeof targets;
export type Targets = { readonly [Name in TargetName]: Levels };

/** All targets, by what a configuration says and else by default; a wrong name or number throws, naming it. */
export function resolveTargets(given: { readonly [Name in TargetName]?: Partial<Levels> } = {}): Targets {
  const names = Object.keys(targets) as TargetName[];
  for (const name of Object.keys(given)) {
    if (!names.includes(name as TargetName)) {
      throw new TypeError(`gaugeway: unknown target "${name}"; the targets are ${names.join(', ')}`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, resolveLevels(name, given[name])])) as Targets;
}

function resolveLevels(name: TargetName, given: Partial<Levels> = {}): Levels {
  const wrong = (problem: string) => new TypeError(`gaugeway: target "${name}" ${problem}`);
  if (typeof given !== 'object' || given === null) {
    throw wrong('must be an object, as in { target: 1, warning: 2, critical: 3 }');
  }
  for (const key of Object.keys(given)) {
    if (!LEVELS.includes(key as (typeof LEVELS)[number])) throw wrong(`has ${LEVELS.join(', ')}, not "${key}"`);
  }
  const levels: Levels = { ...targets[name], ...given };
  for (const level of LEVELS) {
    if (!(Number.isFinite(levels[level]) && levels[level] > 0)) {
      throw wrong(`must have numbers above 0, not ${levels[level]}`);
    }
  }
  if (levels.target > levels.warning || levels.warning > levels.critical) {
    throw wrong(`is ${levels.target}, ${levels.warning}, ${levels.critical}: they must not fall`);
  }
  return levels;
}
