import { drop, guarded, hookFailed } from './observe.ts';
import { type JobEvent, JobEvents } from './recorders/job-events.ts';

/** Anything with `on` and a way to take a handler off again: `off`, `removeListener`, or a function that `on` returns. */
export interface EventBus {
  on(event: string, handler: Handler): unknown;
  off?(event: string, handler: Handler): unknown;
  removeListener?(event: string, handler: Handler): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: typed emitters differ in their payloads, and all of them must fit
type Handler = (...payload: any[]) => void;

/** How the events of a bus are to be read. */
export interface EventBusMapping {
  /** Names of the events to listen to. @default ['job:status', 'job:step'] */
  readonly events?: readonly string[];
  /** Names the orchestrator. @default 'custom' */
  readonly system?: string;
  /**
   * Turns an event's payload into what it says; undefined for an event that says nothing of a job.
   * @default reads `jobId` or `id`, `status`, `name` or `type`, `queue`, `createdAt`, `error`, `attempt`, `final` and `step`
   */
  readonly read?: (payload: unknown, event: string) => JobEvent | undefined;
}

/**
 * Records jobs from RUNNING to COMPLETED, FAILED or CANCELLED, and their steps, from the events of a bus.
 * Events that contradict each other or say nothing are counted as dropped. A bus that is observed again without a mapping
 * is still recorded once. Returns the function that unsubscribes; throws what the bus throws when it is subscribed to.
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
  const recorded = new JobEvents(system);
  const subscriptions: (() => void)[] = [];
  const stop = (): void => {
    for (const unsubscribe of subscriptions.splice(0)) guarded('observeEventBus', unsubscribe);
    recorded.stop();
  };
  try {
    for (const event of new Set(events)) {
      subscriptions.push(
        listen(bus, event, (payload) => {
          const said = read(payload, event);
          if (said === undefined) drop('unknown_event');
          else recorded.handle(said);
        }),
      );
    }
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

let inHand: EventBus | undefined;

/** The bus whose event is being recorded: what recorders publish meanwhile comes from it. */
export function busInHand(): EventBus | undefined {
  return inHand;
}

/** A handler that throws would throw into whoever emits. */
function listen(bus: EventBus, event: string, take: (payload: unknown) => void): () => void {
  let isOpen = true;
  const handler = (payload: unknown): void => {
    if (!isOpen) return;
    const outer = inHand;
    inHand = bus;
    guarded('observeEventBus', () => take(payload));
    inHand = outer;
  };
  const answer = contain(bus.on(event, handler));
  return () => {
    isOpen = false;
    if (typeof bus.off === 'function') contain(bus.off(event, handler));
    else if (typeof bus.removeListener === 'function') contain(bus.removeListener(event, handler));
    else if (typeof answer === 'function') contain(answer());
  };
}

/** A bus may answer with a promise, and nobody but us would see that fail. */
function contain(answer: unknown): unknown {
  if (answer instanceof Promise) answer.catch((error) => hookFailed('observeEventBus', error));
  return answer;
}

function readDefault(payload: unknown): JobEvent | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const event = payload as Record<string, unknown>;
  const jobId = event.jobId ?? event.id;
  if (typeof jobId !== 'string' && typeof jobId !== 'number') return undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
  const { step } = event;
  // A step that cannot be read is no event about the job.
  if (step !== undefined && step !== null && text(step) === undefined && !isStep(step)) return undefined;
  return {
    jobId: String(jobId),
    status: String(event.status).toUpperCase() as JobEvent['status'],
    name: text(event.name) ?? text(event.type),
    queue: text(event.queue),
    createdAt: number(event.createdAt),
    error: event.error,
    attempt: number(event.attempt),
    final: typeof event.final === 'boolean' ? event.final : undefined,
    step: typeof step === 'string' ? { name: step } : isStep(step) ? step : undefined,
  };
}

function isStep(value: unknown): value is NonNullable<JobEvent['step']> {
  return typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string';
}
