import { context } from '@opentelemetry/api';
import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded } from '../src/observe.ts';
import { readError } from '../src/recorders/failures.ts';
import { recordOrchestratorError } from '../src/recorders/orchestrators.ts';
import { libraries } from './libraries.ts';
import { outsideOf } from './pg-boss/columns.ts';
import { SYSTEM } from './pg-boss/library.ts';
import { catchManager, patchManagers } from './pg-boss/manager.ts';
import { readiness } from './pg-boss/memory.ts';
import { replace } from './pg-boss/replace.ts';

interface PgBossOptions {
  /** Lets the poller read the sizes of the queues that this process sends to and works on. @default false */
  readonly queueGauges?: boolean;
}

/**
 * pg-boss: submissions, runs, readiness, whole durations, failures and stalls of jobs, faults of pg-boss, and spans for
 * those who send and those who process. Workers fetch their jobs with what is read of the metadata, which makes the
 * fetched rows wider; handlers get them as without it.
 */
export const pgBossInstrumentation = defineInstrumentation<PgBossOptions>({
  ...libraries.pgBoss,
  hook: (library: Library, { queueGauges = false }: PgBossOptions) => {
    const { prototype } = library.PgBoss ?? library.default ?? (library as PublicClass);
    return prototype && patch(prototype, queueGauges);
  },
});

interface PublicClass {
  readonly prototype?: object;
}

/** From 12 on the class is a named export; before, it is what `require` gives. */
interface Library {
  readonly PgBoss?: PublicClass;
  readonly default?: PublicClass;
}

const KEY = Symbol.for('gaugeway.pg-boss.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By prototype, because `import` and `require` of one class arrive here as two namespaces. */
const patched: WeakMap<object, () => void> = shared[KEY];

/**
 * All work is done by a manager inside of the public class, in all versions the same one, also what pg-boss does of
 * itself: sending what is due, publishing, settling. Its class is not exported. It shows when the first instance is
 * made: the constructor asks its own `getDb()`, then puts listeners on the manager.
 */
function patch(prototype: object, queueGauges: boolean): (() => void) | undefined {
  const existing = patched.get(prototype);
  if (existing !== undefined) return existing;
  const emitter = Object.getPrototypeOf(prototype) as object | null;
  if (emitter === null || !Object.hasOwn(prototype, 'getDb')) return undefined;

  let restoreManagers: (() => void) | undefined;
  const restoreGetDb = replace(prototype, 'getDb', (call) => {
    const db = call();
    catchManager(emitter, (manager) => {
      restoreGetDb();
      restoreManagers ??= patchManagers(manager, queueGauges);
    });
    return db;
  });
  const restoreEmit = observeEvents(prototype);
  const restore = () => {
    patched.delete(prototype);
    restoreGetDb();
    restoreEmit();
    restoreManagers?.();
  };
  patched.set(prototype, restore);
  return restore;
}

/** Instances repeat the events of their parts by `emit`, which the class inherits. */
function observeEvents(prototype: object): () => void {
  return replace(prototype, 'emit', (call, _, [event, value]) => {
    guarded('the hook of pg-boss', () => {
      if (event === 'error') recordFault(value);
      else if (event === 'flow') readiness.sawFlow();
    });
    const active = context.active();
    const outside = outsideOf(active);
    return outside === active ? call() : context.with(outside, call);
  });
}

/** The fault of a worker comes as a copy of its error, with the queue; others come as they are. */
function recordFault(error: unknown): void {
  const queue = readError(error, 'queue');
  const worker = readError(error, 'worker');
  const stack = readError(error, 'stack');
  const copied = Object.assign(new Error(), { code: readError(error, 'code') });
  const [name] = typeof stack === 'string' ? (/^[A-Za-z_$][\w$]*(?=:)/.exec(stack) ?? []) : [];
  if (name !== undefined) copied.name = name;
  recordOrchestratorError(
    {
      system: SYSTEM,
      queue: typeof queue === 'string' ? queue : undefined,
      component: worker === undefined ? 'supervisor' : 'worker',
    },
    error instanceof Error ? error : copied,
  );
}
