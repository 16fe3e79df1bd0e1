import { type Context, context, createContextKey } from '@opentelemetry/api';
import { withValue } from '../../src/nested-context.ts';
import { guarded } from '../../src/observe.ts';
import { createStamps } from '../../src/stamp.ts';
import type { JobRow } from './library.ts';

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
  fetching.inside = withValue(fetching.outside, FETCHING, fetching);
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

/** By the application's `db`: the same one, that asks for what we read, and sets it aside. */
const narrowing = createStamps<Pick<Db, 'executeSql'>>();

/** The arguments of `fetch(name, options)` of a worker that asks for metadata for us: only what we read is fetched. */
export function narrowed(db: unknown, args: unknown[]): unknown[] {
  const [name, options] = args as [unknown, { includeMetadata?: unknown; db?: unknown } | undefined];
  if (options?.includeMetadata !== true || options.db != null || !isDb(db)) return args;
  if (fetchingIn(context.active())?.queue !== name) return args;
  let narrow = narrowing.get(db);
  if (narrow === undefined) {
    narrow = narrowOf(db);
    narrowing.set(db, narrow);
  }
  return [name, { ...options, db: narrow }];
}

function narrowOf(db: Db): Pick<Db, 'executeSql'> {
  return {
    async executeSql(text, values) {
      const result = await db.executeSql(narrow(text), values);
      guarded('the hook of pg-boss', () => setAside((result as { rows?: unknown } | null | undefined)?.rows));
      return result;
    },
  };
}

/** Rows with metadata, by what pg-boss is left of them. */
const aside = createStamps<JobRow>();

/** Leaves pg-boss the rows as it would fetch them itself: taking columns off a row would make that slow to use. */
function setAside(rows: unknown): void {
  if (!Array.isArray(rows)) return;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as JobRow & Record<string, unknown>;
    if (!('policy' in row)) continue;
    const plain: Record<string, unknown> = {};
    for (const key in row) {
      if (key === 'policy') break;
      plain[key] = row[key];
    }
    rows[index] = plain;
    aside.set(plain, row);
  }
}

/** The row of a job as it was fetched. */
export function rowOf(job: JobRow): JobRow {
  return aside.get(job) ?? job;
}

function isDb(db: unknown): db is Db {
  const { executeSql, _pgbdb: isOwn, opened } = (db ?? {}) as Partial<Db>;
  // One that is closed is refused by pg-boss itself.
  return typeof executeSql === 'function' && (!isOwn || opened === true);
}

const MAX_TEXTS = 1000;
const texts = new Map<string, string>();
let last = { text: '', narrow: '' };

function narrow(text: string): string {
  // Made anew each time: to look for it takes longer than to compare it.
  if (text === last.text) return last.narrow;
  let known = texts.get(text);
  if (known === undefined) {
    known = withoutUnread(text);
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(text, known);
  }
  last = { text, narrow: known };
  return known;
}

/** The list of columns that ends a statement, after `policy` the metadata: a column or `column as "name"` each. */
const RETURNING = /(\bRETURNING j\.[^;]*?,\s*)(policy,[\w\s",]*)$/;

function withoutUnread(text: string): string {
  return text.replace(RETURNING, (_, before: string, metadata: string) => {
    const columns = metadata.split(',').map((column) => column.trim());
    return (
      before +
      columns
        .filter((column) => READ.has(nameOf(column)))
        .map(asNumber)
        .join(', ')
    );
  });
}

/** Times that every job has; a driver takes long to make a Date of one. */
const TIME = /^(\w+)( as "(?:startAfter|startedOn|createdOn)")$/;

/** The milliseconds that a Date would have: without what is below them, and a double is wrong by less than is added. */
function asNumber(column: string): string {
  return column.replace(TIME, `floor(date_part('epoch', $1) * 1000 + 0.0005)$2`);
}

function nameOf(column: string): string {
  return /^\w+(?:\s+as\s+"(\w+)")?$/.exec(column)?.[1] ?? column;
}
