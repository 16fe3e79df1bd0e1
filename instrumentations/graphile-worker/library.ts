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

/** More databases than this are told apart from themselves. */
const MAX_DATABASES = 1000;
const pools = new WeakMap<object, string>();
const databases = new WeakMap<object, string>();
const known = new Map<string, string>();
let lastPool = 0;
let lastDatabase = 0;

/** A short name of the database that is worked on, as far as two users of one can be told to be such. */
export function databaseOf(options: SharedOptions): string {
  let name = databases.get(options);
  if (name === undefined) {
    const pool = options._rawOptions?.pgPool;
    let database = options.resolvedPreset?.worker?.connectionString;
    if (pool !== undefined) {
      database = pools.get(pool) ?? `pool ${++lastPool}`;
      pools.set(pool, String(database));
    }
    name = nameOf(JSON.stringify([database, options.workerSchema]));
    databases.set(options, name);
  }
  return name;
}

/** Every job is looked for by its key several times, and a connection string in it takes longer than all of the rest. */
function nameOf(database: string): string {
  let name = known.get(database);
  if (name === undefined) {
    name = String(++lastDatabase);
    if (known.size >= MAX_DATABASES) known.clear();
    known.set(database, name);
  }
  return name;
}

/** A job's id together with its database. */
export function keyOf(options: SharedOptions, id: string): string {
  return `${databaseOf(options)} ${id}`;
}
