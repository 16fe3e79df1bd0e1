import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded, hookFailed } from '../src/observe.ts';
import { HOOK, type SharedOptions } from './graphile-worker/library.ts';
import { leaveJobs, type WorkerHook, watchJobs } from './graphile-worker/queues.ts';
import { giveUpRuns, observeEvents } from './graphile-worker/runs.ts';
import { type Add, measuredAddJob, measuredAddJobs } from './graphile-worker/submissions.ts';
import { tasksInContext } from './graphile-worker/tasks.ts';
import { libraries } from './libraries.ts';

interface GraphileWorkerOptions {
  /** Lets the poller read how many jobs there are. @default false */
  readonly queueGauges?: boolean;
}

/**
 * graphile-worker: submissions, runs, waits, whole durations, failures and stalls of jobs, faults of its pools, and spans
 * for those who add and those who run. Runs come from its events; the rest needs two files that it does not export.
 */
export const graphileWorkerInstrumentation = defineInstrumentation<GraphileWorkerOptions>({
  ...libraries.graphileWorker,
  hook: (library: Library, { queueGauges = false }: GraphileWorkerOptions) => {
    // A file of its own asks for the main module before that is complete; it comes again when it is.
    if ('WorkerPreset' in library)
      return library.WorkerPreset === undefined ? () => {} : addPlugin(library.WorkerPreset, queueGauges);
    if (library.makeAddJob !== undefined) return install(library, () => measureHelpers(library));
    if (library.makeNewWorker !== undefined) return install(library, () => activateTasks(library));
    return undefined;
  },
});

type Method = (...args: never[]) => unknown;

/** The main module, or one of the two files. */
interface Library {
  readonly WorkerPreset?: { readonly plugins?: object[] };
  readonly makeAddJob?: Method;
  readonly makeNewWorker?: Method;
}

interface State {
  isActive: boolean;
  queueGauges?: boolean;
  plugin?: object;
}

/**
 * What a hook leaves in a library is used on after it was taken off: options keep the plugins that they were compiled with,
 * and utilities their methods. The next hook puts it to work again.
 */
const states = new WeakMap<object, State>();

function activate(library: object): State {
  const state = states.get(library) ?? { isActive: false };
  states.set(library, state);
  state.isActive = true;
  return state;
}

const installed = new Set<object>();
/** Files that were hooked before: `require` does not hand over again what it has loaded. */
const left = new Map<object, () => () => void>();

function install(file: object, hook: () => () => void): () => void {
  if (installed.has(file)) return () => {};
  const restore = hook();
  installed.add(file);
  left.delete(file);
  return () => {
    if (!installed.delete(file)) return;
    restore();
    left.set(file, () => install(file, hook));
  };
}

/** All that starts workers extends this preset, so that a plugin in it sees every pool. */
function addPlugin({ plugins }: NonNullable<Library['WorkerPreset']>, queueGauges: boolean): (() => void) | undefined {
  if (!Array.isArray(plugins)) return undefined;
  // One module can arrive as two namespaces.
  if (plugins.some((other) => (other as { name?: unknown }).name === NAME)) return () => {};
  const state = activate(plugins);
  state.queueGauges = queueGauges;
  state.plugin ??= createPlugin(state);
  plugins.push(state.plugin);
  const { plugin } = state;
  const restores: (() => void)[] = [];
  for (const again of [...left.values()]) guarded(HOOK, () => restores.push(again()));
  return () => {
    state.isActive = false;
    for (const restore of restores) restore();
    giveUpRuns();
    const index = plugins.indexOf(plugin);
    if (index >= 0) plugins.splice(index, 1);
  };
}

const NAME = 'gaugeway';

function createPlugin(state: State): object {
  return {
    name: NAME,
    version: '0.0.0',
    worker: {
      hooks: {
        startWorker: (options: SharedOptions, hook: WorkerHook) =>
          guarded(HOOK, () => {
            observeEvents(options, () => state.isActive);
            if (state.queueGauges === true && state.isActive) watchJobs(options, hook);
          }),
        stopWorker: (options: SharedOptions, hook: WorkerHook) => guarded(HOOK, () => leaveJobs(options, hook)),
      },
    },
  };
}

/** `makeAddJob` serves `makeWorkerUtils` and the runner; the other two make the helpers of a job. */
function measureHelpers(library: object): () => void {
  const state = activate(library);
  const isActive = () => state.isActive;
  const measureAdders = (options: SharedOptions, made: Adders, isShared: boolean): unknown => {
    if (typeof made.addJob === 'function') made.addJob = measuredAddJob(options, made.addJob, isActive, isShared);
    if (typeof made.addJobs === 'function') made.addJobs = measuredAddJobs(options, made.addJobs, isActive, isShared);
    return made;
  };
  const optionsOf = (first: object): SharedOptions =>
    'compiledSharedOptions' in first ? (first.compiledSharedOptions as SharedOptions) : (first as SharedOptions);
  const restores = [
    replaceExport(library, 'makeAddJob', (made, first) => measuredAddJob(optionsOf(first), made as Add, isActive)),
    replaceExport(library, 'makeAddJobs', (made, first) => measuredAddJobs(optionsOf(first), made as Add, isActive)),
    // One for each job.
    replaceExport(library, 'makeJobHelpers', (made, first) => measureAdders(optionsOf(first), made as Adders, false)),
    replaceExport(library, 'makeWorkerShared', (made, first) => measureAdders(optionsOf(first), made as Adders, true)),
  ];
  return () => {
    state.isActive = false;
    for (const restore of restores) restore();
  };
}

interface Adders {
  addJob?: Add;
  addJobs?: Add;
}

/** Workers get the application's tasks so that each runs where the span of its job is active. */
function activateTasks(library: object): () => void {
  return replaceExport(library, 'makeNewWorker', undefined, (args) => {
    const [shared, params, ...rest] = args as [unknown, { tasks?: unknown } | undefined, ...unknown[]];
    if (typeof params?.tasks !== 'object' || params.tasks === null) return args;
    return [shared, { ...params, tasks: tasksInContext(params.tasks) }, ...rest];
  });
}

/**
 * Puts a proxy in the place of an exported function: what it is called with, or what it answers, goes through ours. A
 * namespace that cannot be written to throws, which is contained and reported where this is called.
 */
function replaceExport(
  library: object,
  name: string,
  answered: ((made: unknown, first: object) => unknown) | undefined,
  given?: (args: unknown[]) => unknown[],
): () => void {
  const original: unknown = Reflect.get(library, name);
  if (typeof original !== 'function') return () => {};
  let active = true;
  const proxy = new Proxy(original, {
    apply(target, self, args: unknown[]) {
      if (!active) return Reflect.apply(target, self, args);
      let passed = args;
      try {
        if (given !== undefined) passed = given(args);
      } catch (error) {
        hookFailed(HOOK, error);
      }
      const made: unknown = Reflect.apply(target, self, passed);
      try {
        if (answered !== undefined) return answered(made, Object(args[0]));
      } catch (error) {
        hookFailed(HOOK, error);
      }
      return made;
    },
  });
  (library as Record<string, unknown>)[name] = proxy;
  return () => {
    active = false;
    if (Reflect.get(library, name) === proxy) (library as Record<string, unknown>)[name] = original;
  };
}
