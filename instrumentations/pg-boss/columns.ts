import { type Context, context, createContextKey } from '@opentelemetry/api';

/** Set where a worker fetches its jobs, and nothing of the application runs. */
const FETCHING = createContextKey('gaugeway.pg-boss.fetching');

/** What is read of a job's metadata; `policy` comes first, by which metadata is told from the rest. */
const READ = new Set([
  'policy',
  'retryLimit',
  'retryCount',
  'startAfter',
  'startedOn',
  'createdOn',
  'completedOn',
  'blocking',
  'output',
]);

interface Fetching {
  readonly queue: string;
  /** Where the worker was started. */
  readonly outside: Context;
  inside?: Context;
}

interface Db {
  readonly _pgbdb?: unknown;
  readonly opened?: unknown;
  executeSql(text: string, values?: unknown): unknown;
}

/** Calls what starts a worker: the loop that fetches its jobs runs in the context of that call. */
export function fetchingOf(queue: string, start: () => unknown): unknown {
  const fetching: Fetching = { queue, outside: context.active() };
  fetching.inside = fetching.outside.setValue(FETCHING, fetching);
  return context.with(fetching.inside, start);
}

/** The context for what is the application's, and not a worker's own. */
export function outsideOf(active: Context): Context {
  const fetching = fetchingIn(active);
  if (fetching === undefined) return active;
  return active === fetching.inside ? fetching.outside : active.deleteValue(FETCHING);
}

function fetchingIn(active: Context): Fetching | undefined {
  return active.getValue(FETCHING) as Fetching | undefined;
}

/** The arguments of `fetch(name, options)` of a worker that asks for metadata for us: only what we read is fetched. */
export function narrowed(db: unknown, args: unknown[]): unknown[] {
  const [name, options] = args as [unknown, { includeMetadata?: unknown; db?: unknown } | undefined];
  if (options?.includeMetadata !== true || options.db != null || !isDb(db)) return args;
  if (fetchingIn(context.active())?.queue !== name) return args;
  return [
    name,
    { ...options, db: { executeSql: (text: string, values?: unknown) => db.executeSql(narrow(text), values) } },
  ];
}

function isDb(db: unknown): db is Db {
  const { executeSql, _pgbdb: isOwn, opened } = (db ?? {}) as Partial<Db>;
  // One that is closed is refused by pg-boss itself.
  return typeof executeSql === 'function' && (!isOwn || opened === true);
}

const MAX_TEXTS = 1000;
const texts = new Map<string, string>();

function narrow(text: string): string {
  let known = texts.get(text);
  if (known === undefined) {
    known = withoutUnread(text);
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(text, known);
  }
  return known;
}

/** The list of columns that ends a statement, after `policy` the metadata: a column or `column as "name"` each. */
const RETURNING = /(\bRETURNING j\.[^;]*?,\s*)(policy,[\w\s",]*)$/;

function withoutUnread(text: string): string {
  return text.replace(RETURNING, (_, before: string, metadata: string) => {
    const columns = metadata.split(',').map((column) => column.trim());
    return before + columns.filter((column) => READ.has(nameOf(column))).join(', ');
  });
}

function nameOf(column: string): string {
  return /^\w+(?:\s+as\s+"(\w+)")?$/.exec(column)?.[1] ?? column;
}
