import type { Anomalies } from './anomalies.ts';
import { contained } from './contain.ts';
import { FewLines } from './few-lines.ts';
import type { Metadata } from './metadata.ts';
import type { ResolvedMonitorOptions } from './options.ts';

/** An operation that took longer than it should. */
export interface SlowOperation {
  readonly operation: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly metadata: Metadata | undefined;
  readonly severity: 'slow' | 'very_slow';
  /** Unix milliseconds. */
  readonly timestamp: number;
}

const MAX_KEPT = 100;

/** Tells of slow operations: log, callback and error reporter; the latest are kept. */
export class SlowOperations {
  readonly latest: SlowOperation[] = [];
  readonly #options: ResolvedMonitorOptions;
  readonly #anomalies: Anomalies;
  readonly #lines: FewLines;
  #isTelling = false;

  constructor(options: ResolvedMonitorOptions, anomalies: Anomalies) {
    this.#options = options;
    this.#anomalies = anomalies;
    this.#lines = new FewLines(options.log, options.clock);
  }

  tell(slow: SlowOperation): void {
    const { onSlowOperation, errorReporter } = this.#options;
    this.latest.push(slow);
    if (this.latest.length > MAX_KEPT) this.latest.shift();
    const { operation, duration, metadata, severity } = slow;
    this.#lines.warn(`${severity === 'slow' ? 'Slow' : 'Very slow'} operation: ${operation}`, {
      operation,
      duration,
      severity,
      metadata,
    });
    this.#anomalies.count('slow_operation', severity === 'slow' ? 'warning' : 'critical', operation, slow.timestamp);
    // What a callback records may be slow too, and must not call it again.
    if (this.#isTelling) return;
    this.#isTelling = true;
    if (onSlowOperation !== undefined) contained('onSlowOperation', () => onSlowOperation(slow));
    if (errorReporter !== undefined) {
      const error = new Error(`Slow operation: ${operation}`);
      contained('an error reporter', () => errorReporter.report(error, { severity: 'warning', metadata }));
    }
    this.#isTelling = false;
  }
}
