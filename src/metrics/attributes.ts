import { BoundedValues } from '../cardinality.ts';
import type { JobTarget, ModelCall, ModelTarget } from '../observations.ts';

const MAX_JOBS = 1000;

interface JobAttributes {
  readonly 'gaugeway.job.system.name': string | undefined;
  readonly 'gaugeway.job.queue.name': string | undefined;
  readonly 'gaugeway.job.name': string | undefined;
}

/** Builds the attribute sets that instruments share; every value that comes from outside is bounded. */
export class BoundedAttributes {
  readonly #limit: number;
  readonly #values = new Map<string, BoundedValues>();
  /** Most runs are of few jobs, and each asks three times. */
  readonly #jobs = new Map<string, JobAttributes>();

  /** @param limit distinct values kept of each attribute */
  constructor(limit: number) {
    this.#limit = limit;
  }

  bound(key: string, value: string | undefined): string | undefined {
    let values = this.#values.get(key);
    if (values === undefined) {
      values = new BoundedValues(this.#limit);
      this.#values.set(key, values);
    }
    return values.bound(value);
  }

  /** What was asked for. */
  model(target: { readonly [Key in 'operation' | 'provider' | 'requestModel']?: string | undefined }) {
    return {
      'gen_ai.operation.name': this.bound('gen_ai.operation.name', target.operation),
      'gen_ai.provider.name': this.bound('gen_ai.provider.name', target.provider),
      'gen_ai.request.model': this.bound('gen_ai.request.model', target.requestModel),
    };
  }

  /** What was asked for, and who answered. */
  answeredModel(target: ModelTarget & Pick<ModelCall, 'responseModel'>) {
    return {
      ...this.model(target),
      'gen_ai.response.model': this.bound('gen_ai.response.model', target.responseModel),
      'server.address': this.bound('server.address', target.serverAddress),
      'server.port': target.serverPort,
    };
  }

  queue(job: Pick<JobTarget, 'system' | 'queue'>) {
    return {
      'gaugeway.job.system.name': this.bound('gaugeway.job.system.name', job.system),
      'gaugeway.job.queue.name': this.bound('gaugeway.job.queue.name', job.queue),
    };
  }

  job(job: Omit<JobTarget, 'name'> & { readonly name?: string | undefined }): JobAttributes {
    const key = `${job.system}\0${job.queue ?? '\0'}\0${job.name ?? '\0'}`;
    const known = this.#jobs.get(key);
    if (known !== undefined) return known;
    const attributes = Object.freeze({
      ...this.queue(job),
      'gaugeway.job.name': this.bound('gaugeway.job.name', job.name),
    });
    // What is bounded away is counted each time.
    const isWhole =
      attributes['gaugeway.job.name'] === job.name &&
      attributes['gaugeway.job.queue.name'] === job.queue &&
      attributes['gaugeway.job.system.name'] === job.system;
    if (isWhole && this.#jobs.size < MAX_JOBS) this.#jobs.set(key, attributes);
    return attributes;
  }

  errorType(value: string | undefined): string | undefined {
    return this.bound('error.type', value);
  }
}
