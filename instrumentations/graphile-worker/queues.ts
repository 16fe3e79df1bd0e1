import { type QueueReading, watchQueue } from '../../src/recorders/queues.ts';
import { type SharedOptions, SYSTEM } from './library.ts';

/** What the hooks of a worker are handed. */
export interface WorkerHook {
  readonly worker: { readonly workerPool?: { readonly id?: unknown } };
  readonly withPgClient: <T>(use: (client: Client) => Promise<T>) => Promise<T>;
}

interface Client {
  query(text: string): Promise<{ readonly rows: readonly Row[] }>;
}

interface Row {
  readonly state: string;
  readonly count: number;
  readonly age_ms: number | null;
}

const STATES = ['waiting', 'delayed', 'active', 'failed'];

/** By the bus that the workers of one call of `run` share. */
const open = new WeakMap<object, Set<object>>();

/** Has the poller ask the database of this worker, through the connections of the workers, while one of them is there. */
export function watchJobs({ events, workerSchema, escapedWorkerSchema }: SharedOptions, hook: WorkerHook): void {
  if (typeof escapedWorkerSchema !== 'string' || typeof hook.withPgClient !== 'function') return;
  // A list that is worked off once may be so through a connection of the application's, in a transaction.
  if (!String(hook.worker.workerPool?.id).startsWith('pool-')) return;
  const workers = open.get(events) ?? new Set();
  open.set(events, workers);
  const isFirst = workers.size === 0;
  workers.add(hook.worker);
  if (!isFirst) return;
  watchQueue({
    system: SYSTEM,
    // All its queues are one table.
    queue: String(workerSchema),
    isOpen: () => workers.size > 0,
    read: () => read(hook.withPgClient, escapedWorkerSchema),
  });
}

export function leaveJobs({ events }: SharedOptions, { worker }: WorkerHook): void {
  open.get(events)?.delete(worker);
}

async function read(withPgClient: WorkerHook['withPgClient'], schema: string): Promise<QueueReading[]> {
  // Finished jobs are no rows any more. Both times are the database's.
  const text = `
    SELECT state, count(*)::int AS count, (extract(epoch FROM now() - min(greatest(run_at, created_at))) * 1000)::float8 AS age_ms
    FROM (
      SELECT run_at, created_at, CASE
        WHEN locked_at IS NOT NULL THEN 'active'
        WHEN attempts >= max_attempts THEN 'failed'
        WHEN run_at > now() THEN 'delayed'
        ELSE 'waiting' END AS state
      FROM ${schema}.jobs
    ) AS job
    GROUP BY state`;
  const { rows } = await withPgClient((client) => client.query(text));
  const byState = new Map(rows.map((row) => [row.state, row]));
  return STATES.map((state) => {
    const row = byState.get(state);
    return {
      state,
      count: row?.count ?? 0,
      ...(state === 'waiting' && row && { oldestAgeMs: row.age_ms ?? undefined }),
    };
  });
}
