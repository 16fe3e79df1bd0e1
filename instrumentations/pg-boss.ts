import { type Context, context, type Span, trace } from '@opentelemetry/api';
import type { JobResult as Disposition, Job, JobWithMetadata, WorkOptions } from 'pg-boss';
import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded, isObserved } from '../src/observe.ts';
import { type JobEnd, jobs, type RunningJob } from '../src/recorders/jobs.ts';
import { settle } from '../src/recorders/settle.ts';

/**
 * pg-boss: runs, waits, whole durations and failures of jobs, and a span around each. Workers fetch their jobs with
 * metadata, which makes the fetched rows wider; handlers get them as without it.
 */
export const pgBossInstrumentation = defineInstrumentation({
  library: 'pg-boss',
  versions: ['>=12 <13'],
  hook: ({ PgBoss }: { PgBoss?: { prototype: object } }) => PgBoss && patch(PgBoss.prototype),
});

type Handler = (jobs: Job[], ...rest: unknown[]) => unknown;

/** How a worker was asked to work. */
interface Worker {
  readonly queue: string;
  readonly keepsMetadata: boolean;
  readonly settlesEachJob: boolean;
  /** The span that was active when the worker was started. */
  readonly startedIn: Span | undefined;
}

/** One job of a batch that is being handled. */
interface Claim {
  readonly id: string;
  readonly run: RunningJob;
  readonly willRetry: boolean;
  /** Stops watching for an end that does not come from the handler. */
  readonly release: () => void;
}

const KEY = Symbol.for('gaugeway.pg-boss.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By prototype, because `import` and `require` of one class arrive here as two namespaces. */
const patched: WeakMap<object, () => void> = shared[KEY];

/** Versions before 12 have no such method: their constructor makes it. */
function patch(prototype: object): (() => void) | undefined {
  const existing = patched.get(prototype);
  if (existing !== undefined) return existing;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'work');
  if (typeof descriptor?.value !== 'function') return undefined;

  let active = true;
  const isActive = () => active;
  const work = new Proxy(descriptor.value, {
    apply: (original, boss, args) => Reflect.apply(original, boss, active ? measured(args, isActive) : args),
  });
  Object.defineProperty(prototype, 'work', { ...descriptor, value: work });
  const restore = () => {
    active = false;
    patched.delete(prototype);
    // Somebody may have patched on top of us; taking theirs away as well would be worse than an idle layer.
    const current = Object.getOwnPropertyDescriptor(prototype, 'work');
    if (current?.value === work) Object.defineProperty(prototype, 'work', descriptor);
  };
  patched.set(prototype, restore);
  return restore;
}

/** The arguments of `work(name, [options], handler)` with metadata asked for and the handler measured. */
function measured(args: unknown[], isActive: () => boolean): unknown[] {
  let result = args;
  guarded('the hook of pg-boss', () => {
    const [queue, given, last] = args.length === 2 ? [args[0], {}, args[1]] : [args[0], args[1] || {}, args[2]];
    // Whatever pg-boss will refuse it should refuse as it was given.
    if (typeof queue !== 'string' || typeof given !== 'object' || typeof last !== 'function') return;
    const options: WorkOptions = { ...given };
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
    result = [queue, options, handler, ...args.slice(3)];
  });
  return result;
}

function handle(worker: Worker, batch: Job[], record: boolean, call: () => unknown): unknown {
  const claims: Claim[] = [];
  guarded('the hook of pg-boss', () => {
    if (record && isObserved()) startRuns(worker, batch as JobWithMetadata[], claims);
  });
  guarded('the hook of pg-boss', () => {
    if (!worker.keepsMetadata) for (const job of batch) removeMetadata(job);
  });
  const first = claims[0];
  if (first === undefined) return call();
  // Made a promise here as pg-boss would make it one: `then` of a lazy query is called once, as without us.
  return context.with(first.run.context, () =>
    settle(() => Promise.resolve(call()), {
      done: (value) => (worker.settlesEachJob ? endEach(claims, value) : endAll(claims)),
      failed: (error) => failAll(claims, error),
      unobservable: () => endAll(claims),
    }),
  );
}

/**
 * A run per job, each with its span. The handler of a batch is called once, in the context of the first job: the spans
 * of the others are linked to that one, where the work shows.
 */
function startRuns(worker: Worker, batch: JobWithMetadata[], claims: Claim[]): void {
  const active = context.active();
  // A pg-boss with OpenTelemetry of its own calls the handler inside its `process` span, recorded or not; a second one
  // would say the same. Without it, what is active is inherited from the call of work(), which is no job's parent.
  const hasSpan = trace.getSpan(active) !== worker.startedIn;
  const parent: Context = hasSpan ? active : trace.deleteSpan(active);
  // pg-boss gives a batch the longest of its jobs' times, and at least a second.
  const limitMs = batch.reduce((longest, { expireInSeconds }) => Math.max(longest, expireInSeconds), 1) * 1000;

  for (const job of batch) {
    const createdOn = time(job.createdOn);
    const startedOn = time(job.startedOn);
    const linked = hasSpan ? undefined : claims[0] && trace.getSpanContext(claims[0].run.context);
    const run = jobs.start({
      system: 'pg_boss',
      queue: worker.queue,
      name: worker.queue,
      id: job.id,
      attempt: job.retryCount + 1,
      // Both ends by the database's clock: the age of the job is carried over, not its time of creation.
      createdAt: known(Date.now() - (startedOn - createdOn)),
      // `startAfter` moves with a delay and with the backoff of a retry: neither is waiting.
      waitMs: known(startedOn - Math.max(createdOn, time(job.startAfter))),
      context: parent,
      links: linked && [{ context: linked }],
      span: !hasSpan,
    });
    const willRetry = job.retryCount < job.retryLimit;
    const release = watch(job.signal, limitMs, (errorType, result) =>
      run.fail({ code: errorType }, { result, final: !willRetry }),
    );
    claims.push({ id: job.id, run, willRetry, release });
  }
}

/**
 * Tells when pg-boss gives a job up while its handler still runs; what the handler returns after that is lost. The
 * signal is aborted after every normal end too, but then the run has ended.
 */
function watch(
  signal: AbortSignal | undefined,
  limitMs: number,
  onLost: (errorType: string, result: NonNullable<JobEnd['result']>) => void,
): () => void {
  const startedAt = performance.now();
  const lost = () =>
    guarded('the hook of pg-boss', () => {
      const { name } = (signal?.reason ?? {}) as { name?: unknown };
      // With a reason of its own: another worker, an operator or the handler itself has settled the job.
      if (signal !== undefined && name !== 'AbortError') onLost('claim_lost', 'error');
      // Timers may fire a millisecond early. Before its time is up, a batch is only given up by a shutdown.
      else if (performance.now() - startedAt >= limitMs - 5) onLost('timeout', 'timeout');
      else onLost('shutdown', 'cancellation');
    });
  if (signal === undefined) {
    // The first versions of 12 have no signal.
    const timer = setTimeout(lost, limitMs).unref();
    return () => clearTimeout(timer);
  }
  signal.addEventListener('abort', lost, { once: true });
  // A composite signal with a listener is never collected.
  return () => signal.removeEventListener('abort', lost);
}

function endAll(claims: Claim[]): void {
  for (const { run, release } of claims) {
    release();
    run.end();
  }
}

function failAll(claims: Claim[], error: unknown): void {
  for (const claim of claims) fail(claim, error);
}

/** A worker with `perJobResults` resolves with what became of each job; a job that it leaves out has failed. */
function endEach(claims: Claim[], value: unknown): void {
  const byId = new Map<unknown, Disposition>();
  if (Array.isArray(value)) for (const item of value) if (item) byId.set(item.id, item);
  for (const claim of claims) {
    const item = byId.get(claim.id);
    if (item?.status === 'completed') endAll([claim]);
    else if (item?.status === 'failed') fail(claim, asError(item.output));
    else if (item?.status === 'deadletter') fail({ ...claim, willRetry: false }, asError(item.output));
    else fail(claim, { code: 'missing_result' });
  }
}

/** The output of a failed job may be any payload, and no word of it is a class of error. */
function asError(output: unknown): Error | undefined {
  return output instanceof Error ? output : undefined;
}

function fail({ run, willRetry, release }: Claim, error: unknown): void {
  release();
  // Only what is thrown as an error can say that it was a timeout or an abort.
  const result = error instanceof Error ? undefined : 'failure';
  run.fail(error, { result, final: !willRetry });
}

const PLAIN = new Set(['id', 'name', 'data', 'expireInSeconds', 'heartbeatSeconds', 'groupId', 'groupTier', 'signal']);

/**
 * Leaves of a job what a fetch without metadata gives: the columns before `policy`, and the signal. Earlier versions
 * count `retryCount` among the metadata, after `retryLimit`; in later ones pg-boss itself needs it to settle the job.
 */
function removeMetadata(job: object): void {
  const keys = Object.keys(job);
  const from = keys.indexOf('policy');
  if (from < 0) return;
  for (let index = from; index < keys.length; index++) {
    const key = keys[index] as string;
    if (PLAIN.has(key) || (key === 'retryCount' && keys[index - 1] !== 'retryLimit')) continue;
    delete (job as Record<string, unknown>)[key];
  }
}

/** Parsers of the database driver can be replaced, so a timestamp need not be a Date. */
function time(value: unknown): number {
  return value === null || value === undefined ? Number.NaN : new Date(value as Date).getTime();
}

function known(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
