import { context, type Span, SpanKind } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { currentContext } from './ambient.ts';
import { errorClass } from './failures.ts';
import { nameOrNone } from './given.ts';
import { settle } from './settle.ts';
import { endSpan, startSpan } from './tracer.ts';

/** What a query is; keep the names few: no ids, no query text. */
export interface QueryDetails {
  /** `db.system.name`: `postgresql`, `mysql`, `mongodb`, ... @default 'other_sql' */
  readonly system?: string | undefined;
  /** `db.operation.name`: `SELECT`, `findMany`, ... */
  readonly operation?: string | undefined;
  /** `db.collection.name`: a table, a collection or a model. */
  readonly collection?: string | undefined;
  /** `db.namespace`: the database. */
  readonly namespace?: string | undefined;
}

/** How a query went that has already ended. */
export interface QueryEnd {
  readonly durationMs: number;
  /** Present when it failed: a class of error, never a message. */
  readonly errorType?: string | undefined;
}

/** Records database queries; nothing is recorded until somebody listens. */
export const queries = {
  /** Records a query that has ended; it gets no span, because its own context is over. */
  record(details: QueryDetails, end: QueryEnd): void {
    if (!isObserved()) return;
    const { durationMs = Number.NaN, errorType } = (end ?? {}) as Partial<QueryEnd>;
    if (!Number.isFinite(durationMs) || durationMs < 0) return drop('invalid_value');
    tell(details, Date.now() - durationMs, durationMs, errorType);
  },

  /** Runs `work` as one query, with a span: its result, error and timing are the application's own. */
  run<T>(details: QueryDetails, work: () => T): T {
    if (!isObserved()) return work();
    const startedAt = performance.now();
    const startTime = Date.now();
    const span = startQuerySpan(details, startTime);
    const finish = (errorType: string | undefined): void => {
      const durationMs = performance.now() - startedAt;
      endSpan(span, startTime + durationMs, errorType);
      tell(details, startTime, durationMs, errorType);
    };
    return context.with(withSpan(currentContext(), span), () =>
      settle(work, {
        done: () => finish(undefined),
        failed: (error) => finish(errorClass(error)),
        unobservable: () => {
          endSpan(span);
          drop('unobservable');
        },
      }),
    );
  },
};

const DEFAULT_SYSTEM = 'other_sql';

function tell(details: QueryDetails, startTime: number, durationMs: number, errorType: string | undefined): void {
  publish(
    Object.freeze({
      kind: 'db_query',
      ...named(details),
      startTime,
      durationMs,
      errorType,
      recordedElsewhere: false,
    }),
  );
}

/** What the application gives may be anything. */
function named(details: QueryDetails | null | undefined) {
  return {
    system: nameOrNone(details?.system, 'the system of a query') ?? DEFAULT_SYSTEM,
    operation: nameOrNone(details?.operation, 'the operation of a query'),
    collection: nameOrNone(details?.collection, 'the collection of a query'),
    namespace: nameOrNone(details?.namespace, 'the namespace of a query'),
  };
}

function startQuerySpan(details: QueryDetails, startTime: number): Span {
  const { system, operation, collection, namespace } = named(details);
  const known = { 'db.operation.name': operation, 'db.collection.name': collection, 'db.namespace': namespace };
  const attributes = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  const name = [operation, collection].filter((part) => part !== undefined).join(' ');
  return startSpan(name === '' ? system : name, {
    kind: SpanKind.CLIENT,
    startTime,
    attributes: { 'db.system.name': system, ...attributes },
  });
}
