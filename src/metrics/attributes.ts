import { type AttributeSet, noAttributes } from '../attribute-sets.ts';
import type { JobTarget, ModelCall, ModelTarget } from '../observations.ts';

type Job = Omit<JobTarget, 'name'> & { readonly name?: string | undefined };
type JobKey = 'gaugeway.job.system.name' | 'gaugeway.job.queue.name' | 'gaugeway.job.name';

/** Builds the attribute sets that instruments share; every value that comes from outside is bounded. */
export class BoundedAttributes {
  /** No attribute, to begin with. */
  readonly none: AttributeSet<never>;
  readonly #monitorTags: readonly string[];
  /** Each run asks twice, and mostly many runs of one job follow each other. */
  #lastJob: (Job & { readonly set: AttributeSet<JobKey> }) | undefined;

  /**
   * @param limit distinct values kept of each attribute
   * @param monitorTags keys of tags of monitors that become attributes
   */
  constructor(limit: number, monitorTags: readonly string[] = []) {
    this.none = noAttributes(limit);
    this.#monitorTags = monitorTags;
  }

  /** What was asked for. */
  model(target: { readonly [Key in 'operation' | 'provider' | 'requestModel']?: string | undefined }) {
    return this.none
      .given('gen_ai.operation.name', target.operation)
      .given('gen_ai.provider.name', target.provider)
      .given('gen_ai.request.model', target.requestModel);
  }

  /** What was asked for, and who answered. */
  answeredModel(target: ModelTarget & Pick<ModelCall, 'responseModel'>) {
    return this.model(target)
      .given('gen_ai.response.model', target.responseModel)
      .given('server.address', target.serverAddress)
      .with('server.port', target.serverPort);
  }

  queue({ system, queue }: Pick<JobTarget, 'system' | 'queue'>) {
    return this.none.given('gaugeway.job.system.name', system).given('gaugeway.job.queue.name', queue);
  }

  job(job: Job) {
    const last = this.#lastJob;
    if (last?.name === job.name && last?.queue === job.queue && last?.system === job.system) return last.set;
    const { system, queue, name } = job;
    const set = this.queue(job).given('gaugeway.job.name', name);
    // A name that is bounded away is counted each time.
    const told = set.attributes;
    const isWhole =
      told['gaugeway.job.name'] === name &&
      told['gaugeway.job.queue.name'] === queue &&
      told['gaugeway.job.system.name'] === system;
    if (set.isKept && isWhole) this.#lastJob = { system, queue, name, set };
    return set;
  }

  /** Adds the tags of a monitor that are allow-listed, less those that the attributes tell already. */
  tagged<Key extends string>(
    own: AttributeSet<Key>,
    tags: Readonly<Record<string, string>> | undefined,
    told: readonly string[] = [],
  ): AttributeSet<Key> {
    if (tags === undefined || this.#monitorTags.length === 0) return own;
    let set = own;
    for (const key of this.#monitorTags) {
      // Views let these keys pass where an instrument is `tagged`.
      if (Object.hasOwn(tags, key) && !told.includes(key)) set = set.given(key, tags[key]) as AttributeSet<Key>;
    }
    return set;
  }
}
