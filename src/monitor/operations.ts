import { OTHER } from '../cardinality.ts';
import { drop } from '../observe.ts';
import type { ErrorRateRules } from './error-rate.ts';
import { Operation } from './operation.ts';
import type { ResolvedMonitorOptions } from './options.ts';
import { Series } from './series.ts';

const MAX_NAME = 200;

/** The operations of a monitor by name: the first ones keep their names, all later ones are `other`. */
export class Operations {
  readonly #options: ResolvedMonitorOptions;
  readonly #rules: ErrorRateRules;
  readonly #onFirst: () => void;
  readonly #byName = new Map<string, Operation>();

  constructor(options: ResolvedMonitorOptions, rules: ErrorRateRules, onFirst: () => void) {
    this.#options = options;
    this.#onFirst = onFirst;
    this.#rules = rules;
  }

  get(name: string): Operation | undefined {
    return this.#byName.get(name);
  }

  all(): Operation[] {
    return [...this.#byName.values()];
  }

  find(name: string): Operation {
    return this.#byName.get(name) ?? this.#learn(name);
  }

  clear(): void {
    this.#byName.clear();
  }

  #learn(given: unknown): Operation {
    const { maxOperations, maxMetricsPerOperation, sampleRate, clock } = this.#options;
    const isName = typeof given === 'string' && given !== '' && given.length <= MAX_NAME;
    if (!isName || (this.#byName.size >= maxOperations && given !== OTHER)) {
      drop(isName ? 'series_limit' : 'invalid_value');
      return this.find(OTHER);
    }
    const operation = new Operation(
      given,
      rateOf(sampleRate, given),
      this.#rules,
      (tags, weight) => new Series(tags, weight, maxMetricsPerOperation),
      maxOperations,
      clock.monotonic(),
    );
    if (this.#byName.size === 0) this.#onFirst();
    this.#byName.set(given, operation);
    return operation;
  }
}

/** What a function of the application says of an operation; everything is measured where it says nothing of use. */
function rateOf(sampleRate: (operation: string) => number, name: string): number {
  try {
    const rate = sampleRate(name);
    return rate > 0 && rate <= 1 ? rate : 1;
  } catch {
    return 1;
  }
}
