import { type MeterProvider, metrics } from '@opentelemetry/api';
import { ErrorWindow } from './error-window.ts';
import { listHooks } from './hooks.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { Active, type Counted } from './metrics/active.ts';
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
import { observeProcess } from './metrics/processes.ts';
import { recordCacheLookup, recordDbQuery } from './metrics/queries.ts';
import { QueueSizes } from './metrics/queues.ts';
import { RateLimits } from './metrics/rate-limits.ts';
import { observeErrorRatio, recordGatewayRequest, recordHttpRequest } from './metrics/requests.ts';
import type { DropReason, Observation, Running } from './observations.ts';
import type { PatientListener } from './observe.ts';
import type { GenAiProfile } from './recorders/profiles.ts';
import { type Listed, Roster } from './roster.ts';
import { SeriesStore } from './series-store.ts';
import { createStamps } from './stamp.ts';
import { storages } from './storages.ts';
import { VERSION } from './version.ts';

/** What the metrics listener can be told. */
export interface MetricsOptions {
  readonly profiles: readonly GenAiProfile[];
  /** Distinct values kept of each attribute that comes from outside: model names, job names, error types. */
  readonly maxAttributeValues: number;
  /** Keys of tags given to monitors that become attributes. @default none */
  readonly monitorTags?: readonly string[];
  /** Shows the process too. @default false */
  readonly observesProcess?: boolean;
  /** Whoever reads what it records, and whoever exports spans, calls `catchUp()` before. @default false */
  readonly isPatient?: boolean;
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

/** Something that runs, and where it is counted. */
interface Entry extends Listed {
  readonly running: Running;
  readonly counted: Counted;
}

/** Turns observations into points of the catalogue's instruments. */
export class MetricsListener implements PatientListener {
  readonly isPatient: boolean;
  /** What the metrics API cannot take: readers get it from a producer beside the SDK's. */
  readonly series = new SeriesStore();
  readonly #profiles: readonly GenAiProfile[];
  readonly #attributes: BoundedAttributes;
  readonly #running = new Roster<Entry>();
  readonly #entries = createStamps<Entry>();
  readonly #activeCalls = new Active('modelActive');
  readonly #activeRuns = new Active('jobRunActive');
  readonly #httpErrors = new ErrorWindow();
  readonly #queues = new QueueSizes();
  readonly #rateLimits = new RateLimits();
  readonly #observesProcess: boolean;
  #given: MeterProvider | undefined;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(options: MetricsOptions) {
    this.#profiles = options.profiles;
    this.#attributes = new BoundedAttributes(options.maxAttributeValues, options.monitorTags);
    this.#observesProcess = options.observesProcess ?? false;
    this.isPatient = options.isPatient ?? false;
  }

  /** Instruments made before the provider was set stay no-ops for ever, so they follow the provider. */
  get #to(): Instruments {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (this.#instruments === undefined || provider !== this.#provider) {
      this.#provider = provider;
      this.#instruments = createInstruments(provider.getMeter('gaugeway', VERSION), this.#profiles, this.series);
      this.#observeGauges(this.#instruments);
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
    // Makes the gauges where this is the first that happens.
    const to = this.#to;
    if (running.kind === 'model_call') {
      const attributes = this.#attributes.model(running);
      this.#enter(running, this.#activeCalls.started(attributes));
      // An error series must be there at 0 before its first error, or the first burst does not show in a rate.
      to.with('modelErrors', attributes).record(0);
    } else this.#enter(running, this.#activeRuns.started(this.#attributes.job(running)));
  }

  #enter(running: Running, counted: Counted): void {
    const entry = { running, counted, place: 0 };
    this.#running.add(entry);
    this.#entries.set(running, entry);
  }

  ended(running: Running): void {
    const entry = this.#entries.get(running);
    if (entry === undefined) return;
    // A provider that was set meanwhile is told of what runs beside this.
    this.start();
    if (this.#running.delete(entry)) entry.counted.running--;
  }

  dropped(reason: DropReason, count: number): void {
    this.#to.with('selfDropped', this.#attributes.none.with('gaugeway.drop.reason', reason)).record(count);
  }

  observed(observation: Observation): void {
    if (observation.kind === 'http_request') this.#httpErrors.add(observation.outcome === 'error');
    if (observation.kind === 'rate_limit') return this.#rateLimits.keep(this.#attributes, observation);
    if (observation.kind === 'queue_size') return this.#queues.keep(observation);
    // The table's type relates each kind to its function, which TypeScript cannot follow through the index.
    record[observation.kind](this.#to, this.#attributes, observation as never);
  }

  #observeGauges(to: Instruments): void {
    const { none } = this.#attributes;
    this.#activeCalls.observe(to);
    this.#activeRuns.observe(to);
    observeOldestRuns(to, this.#attributes, this.#running);
    if (this.#observesProcess) observeProcess(to, this.#attributes);
    observeErrorRatio(to, this.#httpErrors, this.#attributes);
    this.#queues.observe(to, this.#attributes);
    this.#rateLimits.observe(to);
    to.observe('monitorStorageSize', (report) => {
      if (storages.size === 0) return;
      report(
        [...storages].reduce((bytes, storage) => bytes + storage.getSize(), 0),
        none,
      );
    });
    to.observe('selfHooks', (report) => {
      for (const { name, version, state } of listHooks()) {
        report(
          1,
          none
            .with('gaugeway.hook.name', name)
            .given('gaugeway.hook.version', version)
            .with('gaugeway.hook.state', state),
        );
      }
    });
  }
}
