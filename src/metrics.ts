import { type MeterProvider, metrics } from '@opentelemetry/api';
import { Distributions } from './distributions.ts';
import { ErrorWindow } from './error-window.ts';
import { listHooks } from './hooks.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { recordAgentRun } from './metrics/agents.ts';
import { recordAnomaly } from './metrics/anomalies.ts';
import { BoundedAttributes } from './metrics/attributes.ts';
import { observeOldestRuns, recordJobRun, recordJobStep } from './metrics/jobs.ts';
import { recordModelAttempt, recordModelCall } from './metrics/models.ts';
import { recordOperation } from './metrics/operations.ts';
import {
  recordJobDecision,
  recordJobStall,
  recordJobSubmission,
  recordOrchestratorError,
} from './metrics/orchestrators.ts';
import { recordPoint } from './metrics/points.ts';
import { recordCacheLookup, recordDbQuery } from './metrics/queries.ts';
import { QueueSizes } from './metrics/queues.ts';
import { RateLimits } from './metrics/rate-limits.ts';
import { observeErrorRatio, recordGatewayRequest, recordHttpRequest } from './metrics/requests.ts';
import type { DropReason, Observation, Running } from './observations.ts';
import type { Listener } from './observe.ts';
import type { GenAiProfile } from './recorders/profiles.ts';
import { storages } from './storages.ts';
import { VERSION } from './version.ts';

/** What the metrics listener can be told. */
export interface MetricsOptions {
  readonly profiles: readonly GenAiProfile[];
  /** Distinct values kept of each attribute that comes from outside: model names, job names, error types. */
  readonly maxAttributeValues: number;
}

/** How each kind of observation becomes points: one line a kind. */
const record: {
  readonly [Kind in Exclude<Observation['kind'], 'queue_size' | 'rate_limit'>]: (
    to: Instruments,
    attributes: BoundedAttributes,
    observation: Extract<Observation, { kind: Kind }>,
  ) => void;
} = {
  model_call: recordModelCall,
  model_attempt: recordModelAttempt,
  job_run: recordJobRun,
  job_step: recordJobStep,
  agent_run: recordAgentRun,
  job_submission: recordJobSubmission,
  job_stall: recordJobStall,
  job_decision: recordJobDecision,
  orchestrator_error: recordOrchestratorError,
  http_request: recordHttpRequest,
  db_query: recordDbQuery,
  cache_lookup: recordCacheLookup,
  gateway_request: recordGatewayRequest,
  operation: recordOperation,
  point: recordPoint,
  anomaly: recordAnomaly,
};

/** Turns observations into points of the catalogue's instruments. */
export class MetricsListener implements Listener {
  /** What the metrics API cannot take: readers get it from a producer beside the SDK's. */
  readonly distributions = new Distributions();
  readonly #profiles: readonly GenAiProfile[];
  readonly #attributes: BoundedAttributes;
  readonly #running = new Set<Running>();
  readonly #httpErrors = new ErrorWindow();
  readonly #queues = new QueueSizes();
  readonly #rateLimits = new RateLimits();
  #given: MeterProvider | undefined;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(options: MetricsOptions) {
    this.#profiles = options.profiles;
    this.#attributes = new BoundedAttributes(options.maxAttributeValues);
  }

  /** Instruments made before the provider was set stay no-ops for ever, so they follow the provider. */
  get #to(): Instruments {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (this.#instruments === undefined || provider !== this.#provider) {
      this.#provider = provider;
      this.#instruments = createInstruments(provider.getMeter('gaugeway', VERSION), this.#profiles, this.distributions);
      this.#observeGauges(this.#instruments);
      // What runs now will be subtracted from these counters when it ends.
      for (const running of this.#running) this.#countActive(running, 1);
    }
    return this.#instruments;
  }

  /** Records into this provider from now on, or into the global one. */
  use(provider: MeterProvider | undefined): void {
    this.#given = provider;
  }

  /** Creates the instruments now, so that gauges report before the first observation. */
  start(): void {
    void this.#to;
  }

  started(running: Running): void {
    this.#countActive(running, 1);
    this.#running.add(running);
    // An error series must be there at 0 before its first error, or the first burst does not show in a rate.
    if (running.kind === 'model_call') this.#to.with('modelErrors', this.#attributes.model(running)).record(0);
  }

  ended(running: Running): void {
    if (!this.#running.has(running)) return;
    this.#countActive(running, -1);
    this.#running.delete(running);
  }

  dropped(reason: DropReason, count: number): void {
    this.#to.with('selfDropped', { 'gaugeway.drop.reason': reason }).record(count);
  }

  observed(observation: Observation): void {
    if (observation.kind === 'http_request') this.#httpErrors.add(observation.outcome === 'error');
    if (observation.kind === 'rate_limit') return this.#rateLimits.keep(this.#attributes, observation);
    if (observation.kind === 'queue_size') return this.#queues.keep(observation);
    // The table's type relates each kind to its function, which TypeScript cannot follow through the index.
    record[observation.kind](this.#to, this.#attributes, observation as never);
  }

  #countActive(running: Running, change: 1 | -1): void {
    if (running.kind === 'model_call') this.#to.with('modelActive', this.#attributes.model(running)).record(change);
    else this.#to.with('jobRunActive', this.#attributes.job(running)).record(change);
  }

  #observeGauges(to: Instruments): void {
    observeOldestRuns(to, this.#attributes, this.#running);
    observeErrorRatio(to, this.#httpErrors);
    this.#queues.observe(to, this.#attributes);
    this.#rateLimits.observe(to);
    to.observe('monitorStorageSize', (report) => {
      if (storages.size === 0) return;
      report(
        [...storages].reduce((bytes, storage) => bytes + storage.getSize(), 0),
        {},
      );
    });
    to.observe('selfHooks', (report) => {
      for (const { name, version, state } of listHooks()) {
        report(1, {
          'gaugeway.hook.name': name,
          'gaugeway.hook.version': this.#attributes.bound('gaugeway.hook.version', version),
          'gaugeway.hook.state': state,
        });
      }
    });
  }
}
