import { guarded } from '../../src/observe.ts';
import { fetchingOf, narrowed } from './columns.ts';
import { idsOf, type Manager, noteTracing } from './library.ts';
import { readiness } from './memory.ts';
import { watchJobs } from './queues.ts';
import { replace, type Wrapper } from './replace.ts';
import { settlement } from './settlements.ts';
import { createJob, flow, insert, upsert } from './submissions.ts';
import { measured } from './worker.ts';

type ManagerWrapper = (...given: [...Parameters<Wrapper<Manager>>, isActive: () => boolean]) => unknown;

const byHand: ManagerWrapper = (call, _, args) => {
  guarded('the hook of pg-boss', () => {
    for (const id of idsOf(args[1])) readiness.lose(id);
  });
  return call();
};

const WRAPPERS: Readonly<Record<string, ManagerWrapper>> = {
  work(call, _, args, isActive) {
    const { given, fetches } = measured(args, isActive);
    return fetches === undefined ? call(given) : fetchingOf(fetches, () => call(given));
  },
  fetch(call, manager, args) {
    let given = args;
    guarded('the hook of pg-boss', () => {
      given = narrowed(manager.db, args);
    });
    return call(given);
  },
  createJob,
  insert,
  flow(call, manager, args) {
    readiness.sawFlow();
    return flow(call, manager, args);
  },
  upsert,
  complete: (call, _, args) => settlement('complete', call, args),
  fail: (call, _, args) => settlement('fail', call, args),
  cancel: (call, _, args) => settlement('cancel', call, args),
  deleteJob: (call, _, args) => settlement('deleteJob', call, args),
  resume: byHand,
  retry: byHand,
};

/** The methods that name a queue first, or a request that does. */
const NAMING = new Set(['work', 'createJob', 'insert', 'upsert']);

function queueIn([first]: unknown[]): unknown {
  const request = Array.isArray(first) ? first[0] : first;
  return typeof request === 'object' && request !== null ? (request as { name?: unknown }).name : request;
}

/** Wraps the methods of a manager's class, one for all its instances. Returns what restores them. */
export function patchManagers(manager: Manager, queueGauges: boolean): () => void {
  const prototype = Object.getPrototypeOf(manager) as Record<string, unknown>;
  let active = true;
  const isActive = () => active;
  noteTracing(prototype, prototype.createJob);
  const restores = Object.entries(WRAPPERS).map(([name, wrapper]) => {
    const original = prototype[name];
    const restore = replace<Manager>(prototype, name, (call, self, args) => {
      if (queueGauges && NAMING.has(name)) guarded('the hook of pg-boss', () => watchJobs(self, queueIn(args)));
      return wrapper(call, self, args, isActive);
    });
    // This instance was made before, with a list of what it will hand to the public class.
    const index = Array.isArray(manager.functions) ? manager.functions.indexOf(original) : -1;
    if (index >= 0) (manager.functions as unknown[])[index] = prototype[name];
    return restore;
  });
  return () => {
    active = false;
    for (const restore of restores) restore();
  };
}

/** Calls back with the manager that is made next, synchronously after this: listeners are put on it. */
export function catchManager(emitter: object, found: (manager: Manager) => void): void {
  const release = replace(emitter, 'on', (call, self) => {
    guarded('the hook of pg-boss', () => {
      if (!isManager(self)) return;
      release();
      found(self);
    });
    return call();
  });
  // A constructor that throws never gets there.
  queueMicrotask(release);
}

function isManager(value: unknown): value is Manager {
  const { config, work, fetch, createJob, complete, fail } = (value ?? {}) as Record<string, unknown>;
  const methods = [work, fetch, createJob, complete, fail];
  return typeof config === 'object' && methods.every((method) => typeof method === 'function');
}
