import { type MeterProvider, metrics } from '@opentelemetry/api';
import { BoundedValues } from './cardinality.ts';
import { hooks } from './hooks.ts';
import { type AttributesOf, createInstruments, type Instruments } from './instruments.ts';
import type {
  DropReason,
  JobRun,
  JobStep,
  JobTarget,
  ModelAttempt,
  ModelCall,
  ModelTarget,
  Observation,
  Operation,
  Running,
} from './observations.ts';
import type { Listener } from './observe.ts';
import type { GenAiProfile } from './recorders/profiles.ts';
import { VERSION } from './version.ts';

/** What the metrics listener can be told. */
export interface MetricsOptions {
  readonly profiles: readonly GenAiProfile[];
  /** Distinct values kept of each attribute that comes from outside: model names, job names, error types. */
  readonly maxAttributeValues: number;
}

/** Turns observations into points of the catalogue's instruments. */
export class MetricsListener implements Listener {
  readonly #profiles: readonly GenAiProfile[];
  readonly #limit: number;
  readonly #bounded = new Map<string, BoundedValues>();
  readonly #running = new Set<Running>();
  #given: MeterProvider | undefined;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(options: MetricsOptions) {
    this.#profiles = options.profiles;
    this.#limit = options.maxAttributeValues;
  }

  /** Instruments made before the provider was set stay no-ops for ever, so they follow the provider. */
  get #to(): Instruments {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (this.#instruments === undefined || provider !== this.#provider) {
      this.#provider = provider;
      this.#instruments = createInstruments(provider.getMeter('gaugeway', VERSION), this.#profiles);
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
    this.#running.add(running);
    this.#countActive(running, 1);
    // An error series must be there at 0 before its first error, or the first burst does not show in a rate.
    if (running.kind === 'model_call') this.#to.with('modelErrors', this.#model(running)).record(0);
  }

  ended(running: Running): void {
    if (this.#running.delete(running)) this.#countActive(running, -1);
  }

  dropped(reason: DropReason, count: number): void {
    this.#to.with('selfDropped', { 'gaugeway.drop.reason': reason }).record(count);
  }

  observed(observation: Observation): void {
    switch (observation.kind) {
      case 'model_call':
        return this.#modelCall(observation);
      case 'model_attempt':
        return this.#modelAttempt(observation);
      case 'job_run':
        return this.#jobRun(observation);
      case 'job_step':
        return this.#jobStep(observation);
      case 'operation':
        return this.#operation(observation);
    }
  }

  #countActive(running: Running, change: 1 | -1): void {
    if (running.kind === 'model_call') this.#to.with('modelActive', this.#model(running)).record(change);
    else this.#to.with('jobRunActive', this.#job(running)).record(change);
  }

  #modelCall(call: ModelCall): void {
    const to = this.#to;
    const model = this.#model(call);
    const base = { ...model, ...this.#answer(call) };
    const seconds = call.durationMs / 1000;
    const ended = { ...base, 'error.type': this.#bound('error.type', call.errorType) };
    const embeddings = call.operation === 'embeddings';
    to.with('operationDuration', ended).record(seconds);
    to.with(embeddings ? 'embeddingsDuration' : 'inferenceDuration', ended).record(seconds);
    const isFailure = call.outcome === 'error' || call.outcome === 'timeout';
    to.with('modelErrors', model).record(isFailure ? 1 : 0);
    if (call.streaming && call.timeToFirstChunkMs !== undefined) {
      const toFirst = call.timeToFirstChunkMs / 1000;
      to.with('operationTimeToFirstChunk', base).record(toFirst);
      to.with('inferenceTimeToFirstChunk', base).record(toFirst);
      if (call.longestStallMs !== undefined) to.with('modelStreamStall', base).record(call.longestStallMs / 1000);
    }
    this.#tokens(call, base, embeddings);
  }

  #tokens(call: ModelCall, base: AttributesOf<'modelTokenThroughput'>, embeddings: boolean): void {
    if (call.usage === undefined) return;
    const to = this.#to;
    const { input, output, total, cacheRead, cacheWrite, reasoning } = call.usage;
    const succeeded = call.outcome === 'success';
    // The providers give no breakdown by modality that would sum up for all of them: the convention's word is `unknown`.
    const counted = { ...base, 'gen_ai.token.modality': 'unknown' };
    if (input !== undefined) {
      to.with('tokenUsage', { ...base, 'gen_ai.token.type': 'input' }).record(input);
      if (!embeddings) to.with('usageInputTokens', counted).record(input);
      if (succeeded) to.with(embeddings ? 'embeddingsInputTokens' : 'inferenceInputTokens', base).record(input);
    }
    if (embeddings) return;
    if (output !== undefined) {
      to.with('tokenUsage', { ...base, 'gen_ai.token.type': 'output' }).record(output);
      to.with('usageOutputTokens', counted).record(output);
      if (succeeded) to.with('inferenceOutputTokens', base).record(output);
    }
    if (cacheRead !== undefined) to.with('usageCacheReadTokens', counted).record(cacheRead);
    if (cacheWrite !== undefined) to.with('usageCacheWriteTokens', counted).record(cacheWrite);
    if (reasoning !== undefined) to.with('usageReasoningTokens', counted).record(reasoning);
    if (!succeeded || call.durationMs <= 0) return;
    if (total !== undefined) to.with('modelTokenThroughput', base).record(total / (call.durationMs / 1000));
    const afterFirstMs = call.durationMs - (call.timeToFirstChunkMs ?? call.durationMs);
    // A stream that came in one piece, as through a proxy that buffers, was written at a speed that nobody saw.
    if (call.streaming && output !== undefined && afterFirstMs > 0 && call.longestStallMs !== undefined) {
      to.with('modelOutputSpeed', base).record(output / (afterFirstMs / 1000));
    }
  }

  #modelAttempt(attempt: ModelAttempt): void {
    const base = this.#base(attempt);
    this.#to
      .with('modelAttemptDuration', {
        ...base,
        'http.response.status_code': attempt.statusCode,
        'error.type': this.#bound('error.type', attempt.errorType),
        'gaugeway.outcome': attempt.outcome,
      })
      .record(attempt.durationMs / 1000);
    if (attempt.retryOf !== undefined) {
      this.#to.with('modelRetries', { ...base, 'error.type': this.#bound('error.type', attempt.retryOf) }).record(1);
    }
  }

  #jobRun(run: JobRun): void {
    const job = this.#job(run);
    const errorType = this.#bound('error.type', run.errorType);
    const ended = { ...job, 'gaugeway.job.result': run.result, 'error.type': errorType };
    this.#to.with('jobRunDuration', ended).record(run.durationMs / 1000);
    if (run.totalMs !== undefined) this.#to.with('jobDuration', ended).record(run.totalMs / 1000);
    if (run.waitMs !== undefined) this.#to.with('jobWaitTime', job).record(run.waitMs / 1000);
    if (!run.final) this.#to.with('jobRetries', { ...job, 'error.type': errorType }).record(1);
  }

  #jobStep(step: JobStep): void {
    this.#to
      .with('jobStepDuration', {
        ...(step.job === undefined ? {} : this.#job(step.job)),
        'gaugeway.job.step.name': this.#bound('gaugeway.job.step.name', step.name),
        'gaugeway.job.step.type': this.#bound('gaugeway.job.step.type', step.type),
        'gen_ai.agent.name': this.#bound('gen_ai.agent.name', step.agent),
        'error.type': this.#bound('error.type', step.errorType),
      })
      .record(step.durationMs / 1000);
  }

  #operation(operation: Operation): void {
    this.#to
      .with('appOperationDuration', {
        'gaugeway.operation.name': this.#bound('gaugeway.operation.name', operation.name),
        'error.type': this.#bound('error.type', operation.errorType),
      })
      .record(operation.durationMs / 1000);
  }

  #observeGauges(instruments: Instruments): void {
    instruments.observe('jobRunOldestAge', (report) => {
      const now = Date.now();
      const oldest = new Map<string, { job: JobTarget; startTime: number }>();
      for (const running of this.#running) {
        if (running.kind !== 'job_run') continue;
        const key = JSON.stringify([running.system, running.queue, running.name]);
        const known = oldest.get(key);
        if (known === undefined || running.startTime < known.startTime) {
          oldest.set(key, { job: running, startTime: running.startTime });
        }
      }
      for (const { job, startTime } of oldest.values()) report(Math.max(0, now - startTime) / 1000, this.#job(job));
    });
    instruments.observe('selfHooks', (report) => {
      for (const [name, state] of hooks) report(1, { 'gaugeway.hook.name': name, 'gaugeway.hook.state': state });
    });
  }

  #model(target: Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'>) {
    return {
      'gen_ai.operation.name': this.#bound('gen_ai.operation.name', target.operation),
      'gen_ai.provider.name': this.#bound('gen_ai.provider.name', target.provider),
      'gen_ai.request.model': this.#bound('gen_ai.request.model', target.requestModel),
    };
  }

  #answer(target: Pick<ModelCall, 'responseModel' | 'serverAddress' | 'serverPort'>) {
    return {
      'gen_ai.response.model': this.#bound('gen_ai.response.model', target.responseModel),
      'server.address': this.#bound('server.address', target.serverAddress),
      'server.port': target.serverPort,
    };
  }

  #base(target: ModelTarget & Pick<ModelCall, 'responseModel'>) {
    return { ...this.#model(target), ...this.#answer(target) };
  }

  #job(job: JobTarget) {
    return {
      'gaugeway.job.system.name': this.#bound('gaugeway.job.system.name', job.system),
      'gaugeway.job.queue.name': this.#bound('gaugeway.job.queue.name', job.queue),
      'gaugeway.job.name': this.#bound('gaugeway.job.name', job.name),
    };
  }

  #bound(key: string, value: string | undefined): string | undefined {
    let values = this.#bounded.get(key);
    if (values === undefined) {
      values = new BoundedValues(this.#limit);
      this.#bounded.set(key, values);
    }
    return values.bound(value);
  }
}
