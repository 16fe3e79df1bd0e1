import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { drop } from '../observe.ts';
import { jobs, type RunningJob } from './jobs.ts';
import type { RunningStep } from './steps.ts';

/** What an orchestrator says of a job, or of a step of it. */
export interface JobEvent {
  /** Identifies the job, and with `step` the step inside of it. */
  readonly jobId: string;
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  /** The kind of job, few in number. @default 'job' */
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
  /** Unix milliseconds; read where the job begins to run. */
  readonly createdAt?: number | undefined;
  readonly error?: unknown;
  /** 1 for the first run of the job. @default one more than the failures that were seen of it */
  readonly attempt?: number | undefined;
  /**
   * False with FAILED when the job will be tried again.
   * @default true, until a job of this orchestrator runs again after it failed; from then on it is unknown
   */
  readonly final?: boolean | undefined;
  /** Present when it is about a step of the job; the `id` tells steps of one name apart that run side by side. */
  readonly step?:
    | { readonly name: string; readonly type?: string; readonly agent?: string; readonly id?: string }
    | undefined;
}

const STATUSES: ReadonlySet<unknown> = new Set(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']);
/** Jobs that never end must not be kept for ever: beyond this many the oldest is given up and counted. */
const MAX_RUNNING = 10_000;
const MAX_STEPS_OF_A_JOB = 1000;
/** Failures that may be retried, and ends that came before their beginning: the oldest are forgotten. */
const MAX_REMEMBERED = 10_000;
/** An end may overtake its beginning by this much. */
const OUT_OF_ORDER_MS = 1000;

interface Known {
  readonly job: RunningJob;
  readonly attempt: number;
  /** Undefined until it has one. */
  steps: Map<string, RunningStep> | undefined;
}

/** Makes runs and steps out of what an orchestrator says of its jobs, in whatever order it comes. */
export class JobEvents {
  readonly #system: string;
  readonly #running = new Map<string, Known>();
  /** Attempts of jobs that failed last. */
  readonly #failed = new Map<string, number>();
  /** When jobs ended that nobody had seen run. */
  readonly #early = new Map<string, number>();
  #retries = false;

  constructor(system: string) {
    this.#system = system;
  }

  /** Takes one event; one that contradicts what is known is counted as dropped. */
  handle(event: JobEvent): void {
    if (typeof event?.jobId === 'number') return this.handle({ ...(event as JobEvent), jobId: String(event.jobId) });
    if (typeof event?.jobId !== 'string' || !STATUSES.has(event.status)) return drop('unknown_event');
    // Whoever says it is not the job: the run is no child of what happens to be active there.
    context.with(ROOT_CONTEXT, () => {
      if (event.step !== undefined) this.#step(event, event.step);
      else if (event.status === 'RUNNING') this.#begin(event);
      else this.#end(event);
    });
  }

  /** Gives up what still runs. */
  stop(): void {
    for (const id of [...this.#running.keys()]) this.#giveUp(id);
    this.#failed.clear();
    this.#early.clear();
  }

  #begin({ jobId, name = 'job', queue, createdAt, attempt: given }: JobEvent): void {
    const early = this.#early.get(jobId);
    this.#early.delete(jobId);
    const isOver = early !== undefined && performance.now() - early <= OUT_OF_ORDER_MS;
    if (isOver || this.#running.has(jobId)) return drop('unknown_event');
    const failures = this.#failed.get(jobId);
    if (failures !== undefined) this.#retries = true;
    this.#failed.delete(jobId);
    const attempt = given ?? (failures ?? 0) + 1;
    const job = jobs.start({
      name,
      system: this.#system,
      queue,
      id: jobId,
      attempt,
      createdAt,
      context: ROOT_CONTEXT,
    });
    this.#running.set(jobId, { job, attempt, steps: undefined });
    if (this.#running.size > MAX_RUNNING) this.#giveUp(oldest(this.#running));
  }

  #end({ jobId, status, error, final }: JobEvent): void {
    const known = this.#running.get(jobId);
    if (known === undefined) {
      remember(this.#early, jobId, performance.now());
      return drop('unknown_event');
    }
    this.#running.delete(jobId);
    for (const step of known.steps?.values() ?? []) step.discard();
    if (status === 'COMPLETED') return known.job.end();
    if (status === 'CANCELLED') return known.job.end({ result: 'cancellation' });
    remember(this.#failed, jobId, known.attempt);
    known.job.fail(error, { result: 'failure', final: final ?? (this.#retries ? 'unknown' : true) });
  }

  #step({ jobId, status, error }: JobEvent, step: NonNullable<JobEvent['step']>): void {
    const known = this.#running.get(jobId);
    const key = step.id ?? step.name;
    const started = known?.steps?.get(key);
    if (known === undefined || (started === undefined) !== (status === 'RUNNING')) return drop('unknown_event');
    if (started === undefined) {
      known.steps ??= new Map();
      known.steps.set(key, known.job.startStep(step));
      if (known.steps.size <= MAX_STEPS_OF_A_JOB) return;
      const first = oldest(known.steps);
      known.steps.get(first)?.discard();
      known.steps.delete(first);
      return;
    }
    known.steps?.delete(key);
    if (status === 'COMPLETED') started.end();
    else started.fail(status === 'CANCELLED' ? { code: 'cancelled' } : error);
  }

  #giveUp(jobId: string): void {
    const known = this.#running.get(jobId);
    this.#running.delete(jobId);
    for (const step of known?.steps?.values() ?? []) step.discard();
    known?.job.discard();
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(oldest(map));
}

function oldest(map: ReadonlyMap<string, unknown>): string {
  return map.keys().next().value as string;
}
