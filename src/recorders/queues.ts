import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { hookFailed, publish } from '../observe.ts';
import { elapsed } from './clocks.ts';
import { recordOrchestratorError } from './orchestrators.ts';

/** What a broker tells of one state of a queue. */
export interface QueueReading {
  readonly state: string;
  readonly count: number;
  readonly oldestAgeMs?: number | undefined;
}

/** A queue that can be asked for its sizes. */
export interface QueueSource {
  readonly system: string;
  readonly queue: string;
  /** False once it cannot be asked any more. */
  isOpen(): boolean;
  /** Asks the broker. */
  read(): Promise<readonly QueueReading[]>;
}

/** By queue, whatever the number of objects that stand for it: any open one will do. */
const sources = new Map<string, readonly QueueSource[]>();
/** More queues than this are not asked. */
const MAX_QUEUES = 1000;
const MAX_SOURCES_OF_A_QUEUE = 10;

/** Has a queue asked from now on, while the poller runs; a queue that is known already is asked once. */
export function watchQueue(source: QueueSource): void {
  const key = JSON.stringify([source.system, source.queue]);
  const known = sources.get(key);
  if (known === undefined && sources.size >= MAX_QUEUES) return;
  sources.set(key, [source, ...(known ?? [])].slice(0, MAX_SOURCES_OF_A_QUEUE));
}

/** Asks every watched queue at this interval; returns the function that ends it. Never keeps a process alive. */
export function startQueuePoller(intervalMs: number): () => void {
  const asking = new Map<string, QueueSource>();
  const ask = (key: string, source: QueueSource): void => {
    // A broker that does not answer is not asked again until it does; what was closed meanwhile never will.
    const asked = asking.get(key);
    if (asked !== undefined && isOpen(asked)) return;
    asking.set(key, source);
    void answer(source, intervalMs).then(() => {
      if (asking.get(key) === source) asking.delete(key);
    });
  };
  // The asking itself is nobody's work, and has no spans.
  const nobody = suppressTracing(ROOT_CONTEXT);
  const timer = setInterval(() => {
    context.with(nobody, () => {
      for (const [key, all] of sources) {
        const open = all.filter(isOpen);
        sources.set(key, open);
        if (open[0] === undefined) sources.delete(key);
        else ask(key, open[0]);
      }
    });
  }, intervalMs);
  (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
}

/** What cannot even tell that is asked no more. */
function isOpen(source: QueueSource): boolean {
  try {
    return source.isOpen();
  } catch (error) {
    hookFailed('a queue that is asked for its size', error);
    return false;
  }
}

/** Asks a queue; never rejects, whatever the queue answers. */
async function answer(source: QueueSource, intervalMs: number): Promise<void> {
  const { system, queue } = source;
  let readings: readonly QueueReading[];
  try {
    readings = await source.read();
  } catch (error) {
    return recordOrchestratorError({ system, queue, component: 'poller' }, error);
  }
  try {
    const about = { kind: 'queue_size', system, queue, time: Date.now(), validForMs: intervalMs * 2.5 } as const;
    for (const { oldestAgeMs, ...reading } of readings) {
      publish(Object.freeze({ ...about, ...reading, oldestAgeMs: elapsed(oldestAgeMs) }));
    }
  } catch (error) {
    hookFailed('a queue that is asked for its size', error);
  }
}
