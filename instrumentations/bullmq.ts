import { defineInstrumentation } from '../src/instrumentation.ts';
import { watchEvents } from './bullmq/events.ts';
import { Manual } from './bullmq/manual.ts';
import { Patches } from './bullmq/patches.ts';
import { watchQueues } from './bullmq/queues.ts';
import { carryIntoSandbox, watchSandbox } from './bullmq/sandbox.ts';
import { carryContext, watchSenders } from './bullmq/sending.ts';
import type { Library } from './bullmq/shapes.ts';
import { watchWorkers } from './bullmq/workers.ts';
import { libraries } from './libraries.ts';

interface BullmqOptions {
  /** Lets the poller read the sizes of the queues of this process. @default false */
  readonly queueGauges?: boolean;
}

/**
 * BullMQ: submissions, runs, waits, whole durations, failures, stalls and faults, with spans from the call that sends a
 * job to its handler. An application that gives BullMQ a telemetry of its own keeps its spans and gets metrics.
 */
export const bullmqInstrumentation = defineInstrumentation<BullmqOptions>({
  ...libraries.bullmq,
  hook,
});

const KEY = Symbol.for('gaugeway.bullmq.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By class, because `import` and `require` of one copy arrive here as two namespaces. */
const hooked: WeakMap<object, () => void> = shared[KEY];

function hook(library: Library, { queueGauges = false }: BullmqOptions): (() => void) | undefined {
  const restores = [
    once(library.QueueBase, (patches) => watchLibrary(library, queueGauges, patches)),
    // Seen alone in a sandbox, and before the rest elsewhere.
    once(library.ChildProcessor, (patches) => watchSandbox(library, patches)),
  ].filter((restore) => restore !== undefined);
  if (restores.length === 0) return undefined;
  return () => {
    for (const restore of restores) restore();
  };
}

function watchLibrary(library: Library, queueGauges: boolean, patches: Patches): boolean {
  const manual = new Manual();
  patches.onRestore(() => manual.stop());
  if (!watchWorkers(library, patches) || !watchEvents(library, patches, manual)) return false;
  manual.watch(library, patches);
  watchSenders(library, patches);
  carryContext(library, patches);
  carryIntoSandbox(library, patches);
  if (queueGauges) watchQueues(library, patches);
  return true;
}

/** Patches a copy of the library once; undefined where it does not fit, which leaves it as it was. */
function once(key: object | undefined, watch: (patches: Patches) => boolean): (() => void) | undefined {
  const existing = key && hooked.get(key);
  if (key === undefined || existing !== undefined) return existing;
  const patches = new Patches();
  const restore = (): void => {
    hooked.delete(key);
    patches.restore();
  };
  try {
    if (watch(patches)) {
      hooked.set(key, restore);
      return restore;
    }
  } catch (error) {
    patches.restore();
    throw error;
  }
  patches.restore();
  return undefined;
}
