/** What is used of graphile-worker 0.16 to 0.18, its row of a job included. */
export interface Job {
  readonly id: string;
  readonly task_identifier: string;
  readonly payload: unknown;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly last_error?: unknown;
  /** A job with a key can be replaced by one with the same key. */
  readonly key?: unknown;
  readonly revision?: unknown;
  readonly run_at: unknown;
  readonly created_at: unknown;
  readonly updated_at: unknown;
  readonly locked_at: unknown;
}

/** `CompiledSharedOptions`: what belongs to one call of `run`, `makeWorkerUtils` and their like. */
export interface SharedOptions {
  readonly events: Events;
  readonly workerSchema?: unknown;
  readonly escapedWorkerSchema?: unknown;
  readonly resolvedPreset?: {
    readonly worker?: { readonly connectionString?: unknown; readonly useNodeTime?: unknown };
  };
  readonly _rawOptions?: { readonly pgPool?: object | undefined };
}

export interface Events {
  on(event: string, listener: (payload: never) => void): unknown;
}

export const SYSTEM = 'graphile_worker';
export const HOOK = 'the hook of graphile-worker';

const pools = new WeakMap<object, string>();
const databases = new WeakMap<object, string>();
let lastPool = 0;

/** The database that is worked on, as far as two users of one can be told to be such. */
export function databaseOf(options: SharedOptions): string {
  let known = databases.get(options);
  if (known === undefined) {
    const pool = options._rawOptions?.pgPool;
    let database = options.resolvedPreset?.worker?.connectionString;
    if (pool !== undefined) {
      database = pools.get(pool) ?? `pool ${++lastPool}`;
      pools.set(pool, String(database));
    }
    known = JSON.stringify([database, options.workerSchema]);
    databases.set(options, known);
  }
  return known;
}

/** A job's id together with its database. */
export function keyOf(options: SharedOptions, id: string): string {
  return `${databaseOf(options)} ${id}`;
}
