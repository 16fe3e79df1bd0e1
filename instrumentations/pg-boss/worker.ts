import { type Context, context, type Span, trace } from '@opentelemetry/api';
import { withValue } from '../../src/nested-context.ts';
import { guarded, hookFailed, isObserved } from '../../src/observe.ts';
import { jobs } from '../../src/recorders/jobs.ts';
import { recordStall } from '../../src/recorders/orchestrators.ts';
import { settle } from '../../src/recorders/settle.ts';
import { outOfSpan } from '../../src/recorders/tracer.ts';
import { asError, Claim } from './claims.ts';
import { outsideOf, rowOf } from './columns.ts';
import { isInternal, type JobRow, SYSTEM } from './library.ts';
import { origins, readiness } from './memory.ts';
import { removeMetadata, stallOf, timesOf } from './rows.ts';
import { SCHEDULED } from './submissions.ts';

const HOOK = 'the hook of pg-boss';

type Handler = (jobs: JobRow[], ...rest: unknown[]) => unknown;

/** How a worker was asked to work. */
interface Worker {
  readonly queue: string;
  readonly keepsMetadata: boolean;
  readonly settlesEachJob: boolean;
  /** The span that was active when the worker was started. */
  readonly startedIn: Span | undefined;
}

interface Measured {
  readonly given: unknown[];
  /** The queue whose jobs are fetched with metadata for us alone. */
  readonly fetches?: string;
}

/** The arguments of `work(name, [options], handler)` with metadata asked for and the handler measured. */
export function measured(args: unknown[], isActive: () => boolean): Measured {
  let result: Measured = { given: args };
  guarded(HOOK, () => {
    const [queue, given, last] = args.length === 2 ? [args[0], {}, args[1]] : [args[0], args[1] || {}, args[2]];
    // Whatever pg-boss will refuse it should refuse as it was given.
    if (typeof queue !== 'string' || typeof given !== 'object' || typeof last !== 'function') return;
    if (isInternal(queue)) {
      result = { given: [queue, given, scheduling(last as Handler), ...args.slice(3)] };
      return;
    }
    const options: Record<string, unknown> = { ...given };
    const keepsMetadata = 'includeMetadata' in options ? options.includeMetadata : false;
    if (typeof keepsMetadata !== 'boolean') return;
    options.includeMetadata = true;
    const worker: Worker = {
      queue,
      keepsMetadata,
      settlesEachJob: options.perJobResults === true,
      startedIn: trace.getSpan(context.active()),
    };
    // A proxy keeps the handler's name, length and properties.
    const handler = new Proxy(last as Handler, {
      apply: (original, self, handlerArgs: Parameters<Handler>) =>
        handle(worker, handlerArgs[0], isActive(), () => Reflect.apply(original, self, handlerArgs)),
    });
    result = {
      given: [queue, options, handler, ...args.slice(3)],
      ...(keepsMetadata ? {} : { fetches: queue }),
    };
  });
  return result;
}

/** A handler of pg-boss's own that sends what is due by its schedules. */
function scheduling(handler: Handler): Handler {
  return (...args) => context.with(withValue(context.active(), SCHEDULED, true), () => handler(...args));
}

function handle(worker: Worker, batch: JobRow[], record: boolean, call: () => unknown): unknown {
  const claims: Claim[] = [];
  try {
    if (record && isObserved()) startRuns(worker, batch.map(rowOf), claims);
  } catch (error) {
    hookFailed(HOOK, error);
  }
  try {
    if (!worker.keepsMetadata) for (const job of batch) if (rowOf(job) === job) removeMetadata(job);
  } catch (error) {
    hookFailed(HOOK, error);
  }
  const first = claims[0];
  if (first === undefined) return context.with(outsideOf(context.active()), call);
  const handled = (failed: boolean, error?: unknown): void => {
    for (const claim of claims) claim.handled({ failed, error });
    setImmediate(() =>
      guarded(HOOK, () => {
        for (const claim of claims) claim.finish();
      }),
    ).unref();
  };
  // Made a promise here as pg-boss would make it one: `then` of a lazy query is called once, as without us.
  return context.with(first.run.context, () =>
    settle(() => Promise.resolve(call()), {
      done: (value) => (worker.settlesEachJob ? endEach(claims, value) : handled(false)),
      failed: (error) => handled(true, error),
      unobservable: () => handled(false),
    }),
  );
}

/**
 * A run per job, each with its span. The handler of a batch is called once, in the context of the first job: the spans
 * of the others are linked to that one, where the work shows.
 */
function startRuns({ queue, startedIn }: Worker, batch: JobRow[], claims: Claim[]): void {
  const active = outsideOf(context.active());
  // A pg-boss with OpenTelemetry of its own calls the handler inside its `process` span, recorded or not; a second one
  // would say the same. Without it, what is active is inherited from the call of work(), which is no job's parent.
  const hasSpan = trace.getSpan(active) !== startedIn;
  const base: Context = hasSpan ? active : outOfSpan(active);

  for (const job of batch) {
    const times = timesOf(job);
    const { attempt, ageMs, waitMs } = times;
    const reason = stallOf(job);
    if (reason !== undefined) recordStall({ system: SYSTEM, queue, name: queue, reason });
    if (job.blocking === true) readiness.sawFlow();
    const placed =
      hasSpan || origins.isEmpty ? undefined : origins.place(job.id, base, { isAlone: batch.length === 1 });
    const shown = hasSpan ? undefined : claims[0] && trace.getSpanContext(claims[0].run.context);
    const run = jobs.start({
      system: SYSTEM,
      queue,
      name: queue,
      id: job.id,
      attempt,
      // Both ends by the database's clock: the age of the job is carried over, not its time of creation.
      createdAt: ageMs === undefined ? undefined : Date.now() - ageMs,
      waitMs,
      context: placed?.context ?? base,
      links: shown === undefined ? placed?.links : [{ context: shown }, ...(placed?.links ?? [])],
      span: !hasSpan,
    });
    claims.push(new Claim(job, run, times));
  }
}

/** A worker with `perJobResults` resolves with what becomes of each job; a job that it leaves out has failed. */
function endEach(claims: Claim[], value: unknown): void {
  const byId = new Map<unknown, { readonly status?: unknown; readonly output?: unknown }>();
  if (Array.isArray(value)) for (const item of value) if (item) byId.set(item.id, item);
  for (const claim of claims) {
    const { status, output } = byId.get(claim.id) ?? {};
    if (status === 'completed') claim.handled({ failed: false });
    else if (status === 'failed') claim.handled({ failed: true, error: asError(output) });
    else if (status === 'deadletter') claim.handled({ failed: true, error: asError(output), final: true });
    else claim.handled({ failed: true, error: { code: 'missing_result' } });
    claim.finish();
  }
}
