import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { drop, guarded } from './observe.ts';
import { jobs, type RunningJob } from './recorders/jobs.ts';
import type { RunningStep } from './recorders/steps.ts';

/** Anything with `on` and a way to take a handler off again; Node's EventEmitter is one. */
export interface EventBus {
  on(event: string, handler: Handler): unknown;
  off?(event: string, handler: Handler): unknown;
  removeListener?(event: string, handler: Handler): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: typed emitters differ in their payloads, and all of them must fit
type Handler = (...payload: any[]) => void;

/** What one event of the bus says. */
export interface JobEvent {
  /** Identifies the job, and with `step` the step inside of it. */
  readonly jobId: string;
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  /** The kind of job, few in number. @default 'job' */
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt?: number | undefined;
  readonly error?: unknown;
  /** Present when the event is about a step of the job. */
  readonly step?: { readonly name: string; readonly type?: string; readonly agent?: string } | undefined;
}

/** How the events of a bus are to be read. */
export interface EventBusMapping {
  /** Names of the events to listen to. @default ['job:status', 'job:step'] */
  readonly events?: readonly string[];
  /** Names the orchestrator. @default 'custom' */
  readonly system?: string;
  /**
   * Turns an event's payload into what it says; undefined for an event that says nothing of a job.
   * @default reads `jobId` or `id`, `status`, `name` or `type`, `queue`, `createdAt`, `error` and `step`
   */
  readonly read?: (payload: unknown, event: string) => JobEvent | undefined;
}

/** Jobs that never end must not be kept for ever: beyond this many the oldest is given up and counted. */
const MAX_RUNNING = 10_000;

/**
 * Records jobs from RUNNING to COMPLETED, FAILED or CANCELLED, and their steps, from the events of a bus.
 * Events that contradict each other or say nothing are counted as dropped. A bus that is observed again without a mapping
 * is still recorded once. Returns the function that unsubscribes.
 */
export function observeEventBus(bus: EventBus, mapping?: EventBusMapping): () => void {
  if (typeof bus?.on !== 'function') throw new TypeError('observeEventBus: the bus needs an on(event, handler) method');
  if (mapping !== undefined) return subscribe(bus, mapping);
  const shared = observed.get(bus) ?? { users: 0, stop: subscribe(bus, {}) };
  observed.set(bus, shared);
  shared.users++;
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    shared.users--;
    if (shared.users > 0) return;
    observed.delete(bus);
    shared.stop();
  };
}

/** Buses that are observed without a mapping, by how many. */
const observed = new WeakMap<EventBus, { users: number; readonly stop: () => void }>();

function subscribe(bus: EventBus, mapping: EventBusMapping): () => void {
  const { events = ['job:status', 'job:step'], system = 'custom', read = readDefault } = mapping;
  const running = new Map<string, { job: RunningJob; steps: Map<string, RunningStep> }>();

  const handle = (event: JobEvent): void => {
    if (event.step !== undefined) return handleStep(event, event.step);
    const known = running.get(event.jobId);
    if (event.status === 'RUNNING') {
      if (known !== undefined) return drop('unknown_event');
      // Whoever emits the event is not the job: the run is no child of what happens to be active there.
      const job = jobs.start({
        name: event.name ?? 'job',
        system,
        queue: event.queue,
        id: event.jobId,
        createdAt: event.createdAt,
        context: ROOT_CONTEXT,
      });
      running.set(event.jobId, { job, steps: new Map() });
      if (running.size > MAX_RUNNING) giveUpOldest();
      return;
    }
    if (known === undefined) return drop('unknown_event');
    running.delete(event.jobId);
    for (const step of known.steps.values()) step.discard();
    if (event.status === 'COMPLETED') known.job.end();
    else if (event.status === 'CANCELLED') known.job.end({ result: 'cancellation' });
    else known.job.fail(event.error);
  };

  const handleStep = ({ jobId, status, error }: JobEvent, step: NonNullable<JobEvent['step']>): void => {
    const known = running.get(jobId);
    const started = known?.steps.get(step.name);
    if (known === undefined || (started === undefined) !== (status === 'RUNNING')) return drop('unknown_event');
    if (started === undefined) {
      known.steps.set(step.name, known.job.startStep(step));
      return;
    }
    known.steps.delete(step.name);
    if (status === 'FAILED') started.fail(error);
    else started.end();
  };

  const giveUpOldest = (): void => {
    for (const [id, { job }] of running) {
      running.delete(id);
      job.discard();
      return;
    }
  };

  const handlers = events.map((name) => {
    const handler = (payload: unknown): void =>
      guarded('observeEventBus', () => {
        const event = read(payload, name);
        if (event === undefined) drop('unknown_event');
        else context.with(ROOT_CONTEXT, () => handle(event));
      });
    bus.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers.splice(0)) {
      (bus.off ?? bus.removeListener)?.call(bus, name, handler);
    }
    for (const { job } of running.values()) job.discard();
    running.clear();
  };
}

const STATUSES = new Set(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']);

function readDefault(payload: unknown): JobEvent | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const event = payload as Record<string, unknown>;
  const jobId = event.jobId ?? event.id;
  const status = String(event.status).toUpperCase();
  if ((typeof jobId !== 'string' && typeof jobId !== 'number') || !STATUSES.has(status)) return undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const step = event.step;
  return {
    jobId: String(jobId),
    status: status as JobEvent['status'],
    name: text(event.name) ?? text(event.type),
    queue: text(event.queue),
    createdAt: typeof event.createdAt === 'number' ? event.createdAt : undefined,
    error: event.error,
    step: typeof step === 'string' ? { name: step } : isStep(step) ? step : undefined,
  };
}

function isStep(value: unknown): value is NonNullable<JobEvent['step']> {
  return typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string';
}
