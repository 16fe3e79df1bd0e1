import { milliseconds } from '../parsers.ts';
import { Turns } from '../turns.ts';
import { contained } from './contain.ts';
import type { PerformanceMonitor } from './performance-monitor.ts';

/** An operation whose P95 exceeds its budget. */
export interface BudgetViolation {
  readonly operation: string;
  /** Milliseconds. */
  readonly budget: number;
  /** The P95, in milliseconds. */
  readonly actual: number;
  /** How many times the budget: above 1. */
  readonly severity: number;
}

/** When budgets are checked, and who is told. */
export interface BudgetCheckOptions {
  readonly intervalMs: number;
  /** Called for each violation of each check; it may be asynchronous, and its failure is contained. */
  readonly onViolation?: (violation: BudgetViolation) => unknown;
}

/** An alert rule in Prometheus' form. */
export interface BudgetAlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Compares the P95 of operations with what they may take, in milliseconds. */
export class PerformanceBudgetMonitor {
  readonly #monitor: PerformanceMonitor;
  readonly #budgets: ReadonlyMap<string, number>;

  constructor(monitor: PerformanceMonitor, budgets: ReadonlyMap<string, number>) {
    if (typeof monitor?.core !== 'object') {
      throw new TypeError('gaugeway: budgets are held against a PerformanceMonitor, which comes first');
    }
    if (!(budgets instanceof Map)) {
      throw new TypeError("gaugeway: budgets must be a Map, as in new Map([['api.users.list', 200]])");
    }
    for (const [operation, budget] of budgets) {
      if (!(Number.isFinite(budget) && budget > 0)) {
        throw new TypeError(`gaugeway: the budget of "${operation}" must be a number of milliseconds above 0`);
      }
    }
    this.#monitor = monitor;
    this.#budgets = new Map(budgets);
  }

  /** The budgets that are exceeded now; an operation that nobody has seen exceeds none. */
  async check(): Promise<BudgetViolation[]> {
    const turns = new Turns();
    const violations: BudgetViolation[] = [];
    for (const [operation, budget] of this.#budgets) {
      const actual = this.#monitor.getStats(operation)?.p95 ?? 0;
      if (actual > budget) {
        const violation = { operation, budget, actual, severity: actual / budget };
        violations.push(violation);
        this.#tell(violation);
      }
      if (turns.isOver()) await turns.next();
    }
    return violations;
  }

  /** Checks from time to time, never keeping the process alive. Returns the function that ends it. */
  start({ intervalMs, onViolation }: BudgetCheckOptions): () => void {
    if (!milliseconds.accepts(intervalMs))
      throw new TypeError(`gaugeway: "intervalMs" must be ${milliseconds.expects}`);
    if (onViolation !== undefined && typeof onViolation !== 'function') {
      throw new TypeError('gaugeway: "onViolation" must be a function');
    }
    let isChecking = false;
    let isStopped = false;
    const timer = setInterval(async () => {
      // Thousands of budgets may take longer than a short interval.
      if (isChecking) return;
      isChecking = true;
      try {
        for (const violation of await this.check()) {
          if (onViolation !== undefined && !isStopped) contained('onViolation', () => onViolation(violation));
        }
      } finally {
        isChecking = false;
      }
    }, intervalMs);
    // A number where there is no Node.
    (timer as { unref?: () => void }).unref?.();
    return () => {
      isStopped = true;
      clearInterval(timer);
    };
  }

  /** One rule for each budget, over what the operations send through OpenTelemetry. */
  alertRules(): BudgetAlertRule[] {
    return [...this.#budgets].map(([operation, budget]) => ({
      alert: 'PerformanceBudgetExceeded',
      expr: `histogram_quantile(0.95, sum by (le) (rate(${bucketsOf(operation)}[5m]))) > ${budget / 1000}`,
      for: '5m',
      labels: { severity: 'warning', operation },
      annotations: { summary: `The P95 of ${operation} is above its budget of ${budget} ms` },
    }));
  }

  #tell(violation: BudgetViolation): void {
    const { anomalies, options } = this.#monitor.core;
    const { operation, severity } = violation;
    options.log.warn(`Budget exceeded: ${operation}`, violation);
    anomalies.count('budget_exceeded', severity > 2 ? 'critical' : 'warning', operation, options.clock.unix());
  }
}

const REQUEST = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT|QUERY)(?: (\/.*))?$/;
const MODEL_CALL = /^(chat|embeddings|generate_content|text_completion) (.+)$/;
const NAMED = /^(job|step) (.+)$/;
const NAMED_SERIES = {
  job: ['gaugeway_job_run_duration_seconds', 'gaugeway_job_name'],
  step: ['gaugeway_job_step_duration_seconds', 'gaugeway_job_step_name'],
} as const;

/** The series that an operation is in, by how operations of the observation stream are called. */
function bucketsOf(operation: string): string {
  const [, method, route] = REQUEST.exec(operation) ?? [];
  if (method !== undefined) {
    return buckets('http_server_request_duration_seconds', {
      http_request_method: method,
      http_route: route ?? '',
    });
  }
  const [, call, model] = MODEL_CALL.exec(operation) ?? [];
  if (call !== undefined && model !== undefined) {
    return buckets('gen_ai_client_operation_duration_seconds', {
      gen_ai_operation_name: call,
      gen_ai_request_model: model,
    });
  }
  const [, kind, name] = NAMED.exec(operation) ?? [];
  const [metric, label] = NAMED_SERIES[kind as keyof typeof NAMED_SERIES] ?? [];
  if (metric !== undefined && name !== undefined) return buckets(metric, { [label]: name });
  return buckets('gaugeway_operation_duration_seconds', { gaugeway_operation_name: operation });
}

function buckets(metric: string, labels: Readonly<Record<string, string>>): string {
  // JSON escapes what PromQL escapes, the same way.
  const matchers = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${metric}_bucket{${matchers.join(',')}}`;
}
