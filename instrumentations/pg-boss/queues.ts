import { type QueueReading, watchQueue } from '../../src/recorders/queues.ts';
import { isInternal, type Manager, SYSTEM } from './library.ts';

interface Row {
  readonly state: string;
  readonly count: number;
  readonly age_ms: number | null;
}

/** A manager as it is asked. */
interface Asked {
  readonly config?: { readonly schema?: unknown };
  /** `opened` is absent where the application brings its own. */
  readonly db?: { readonly opened?: boolean; executeSql(text: string, values: unknown[]): Promise<{ rows: Row[] }> };
  readonly flow?: unknown;
}

const STATES = ['waiting', 'delayed', 'blocked', 'active'];
const MAX_QUEUES = 1000;
const known = new WeakMap<object, Set<string>>();

/** Has the poller ask about a queue that this process sends to or works on, through the connection of its pg-boss. */
export function watchJobs(manager: Manager, queue: unknown): void {
  if (typeof queue !== 'string' || isInternal(queue)) return;
  const queues = known.get(manager) ?? new Set();
  known.set(manager, queues);
  if (queues.has(queue) || queues.size >= MAX_QUEUES) return;
  queues.add(queue);
  const ref = new WeakRef(manager as Asked);
  watchQueue({
    system: SYSTEM,
    queue,
    isOpen() {
      const asked = ref.deref();
      if (asked?.db !== undefined && asked.db.opened !== false) return true;
      // It may be started again.
      queues.delete(queue);
      return false;
    },
    async read() {
      const asked = ref.deref();
      return asked === undefined ? [] : read(asked, queue);
    },
  });
}

async function read({ db, config, flow }: Asked, queue: string): Promise<QueueReading[]> {
  if (db === undefined || typeof config?.schema !== 'string') return [];
  const hasFlows = typeof flow === 'function';
  // Jobs that have ended are left out: there may be millions, and no index counts them. Both times are the database's.
  const text = `
    SELECT state, count(*)::int AS count, (extract(epoch FROM now() - min(greatest(start_after, created_on))) * 1000)::float8 AS age_ms
    FROM (
      SELECT start_after, created_on, CASE
        WHEN state = 'active' THEN 'active'
        ${hasFlows ? "WHEN blocked THEN 'blocked'" : ''}
        WHEN start_after > now() THEN 'delayed'
        ELSE 'waiting' END AS state
      FROM ${config.schema}.job
      WHERE name = $1 AND state IN ('created', 'retry', 'active')
    ) AS job
    GROUP BY state`;
  const { rows } = await db.executeSql(text, [queue]);
  const byState = new Map(rows.map((row) => [row.state, row]));
  return STATES.filter((state) => hasFlows || state !== 'blocked').map((state) => {
    const row = byState.get(state);
    return {
      state,
      count: row?.count ?? 0,
      ...(state === 'waiting' && row && { oldestAgeMs: row.age_ms ?? undefined }),
    };
  });
}
