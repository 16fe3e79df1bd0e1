import { BoundedValues } from '../cardinality.ts';
import type { JobTarget, ModelCall, ModelTarget } from '../observations.ts';

const MAX_JOBS = 1000;
/** Jobs of one name, in other queues: they are looked through. */
const MAX_ALIKE = 20;

type Tags = Readonly<Record<string, string>>;
type Job = Omit<JobTarget, 'name'> & { readonly name?: string | undefined };

interface JobAttributes {
  readonly 'gaugeway.job.system.name': string | undefined;
  readonly 'gaugeway.job.queue.name'?: string | undefined;
  readonly 'gaugeway.job.name'?: string | undefined;
}

/** Builds the attribute sets that instruments share; every value that comes from outside is bounded. */
export class BoundedAttributes {
  readonly #limit: number;
  readonly #monitorTags: readonly string[];
  readonly #values = new Map<string, BoundedValues>();
  /** By name: most runs are of few jobs, and each asks three times. */
  readonly #jobs = new Map<string | undefined, (Pick<Job, 'system' | 'queue'> & { attributes: JobAttributes })[]>();
  #jobCount = 0;

  /**
   * @param limit distinct values kept of each attribute
   * @param monitorTags keys of tags of monitors that become attributes
   */
  constructor(limit: number, monitorTags: readonly string[] = []) {
    this.#limit = limit;
    this.#monitorTags = monitorTags;
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

  /** The same object for the same job, while there are not too many. */
  job(job: Job): JobAttributes {
    const alike = this.#jobs.get(job.name);
    if (alike !== undefined) {
      for (const each of alike) if (each.queue === job.queue && each.system === job.system) return each.attributes;
    }
    const { system, queue, name } = job;
    const attributes: JobAttributes = {
      'gaugeway.job.system.name': this.bound('gaugeway.job.system.name', system),
      ...(queue !== undefined && { 'gaugeway.job.queue.name': this.bound('gaugeway.job.queue.name', queue) }),
      ...(name !== undefined && { 'gaugeway.job.name': this.bound('gaugeway.job.name', name) }),
    };
    // What is bounded away is counted each time.
    const isWhole =
      attributes['gaugeway.job.name'] === name &&
      attributes['gaugeway.job.queue.name'] === queue &&
      attributes['gaugeway.job.system.name'] === system;
    if (isWhole && this.#jobCount < MAX_JOBS && (alike?.length ?? 0) < MAX_ALIKE) {
      this.#jobCount++;
      const known = { system, queue, attributes: Object.freeze(attributes) };
      if (alike === undefined) this.#jobs.set(name, [known]);
      else alike.push(known);
    }
    return attributes;
  }

  /** Adds the tags of a monitor that are allow-listed, less those that the attributes tell already. */
  tagged<Own extends object>(own: Own, tags: Tags | undefined, told: readonly string[] = []): Own {
    if (tags === undefined || this.#monitorTags.length === 0) return own;
    const all = { ...own } as Record<string, unknown>;
    for (const key of this.#monitorTags) {
      if (Object.hasOwn(tags, key) && !told.includes(key)) all[key] = this.bound(key, tags[key]);
    }
    return all as Own;
  }

  errorType(value: string | undefined): string | undefined {
    return this.bound('error.type', value);
  }
}
