import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded } from '../src/observe.ts';
import { readError } from '../src/recorders/failures.ts';
import { type NestedRun, NestedRuns } from '../src/recorders/nested-runs.ts';
import { libraries } from './libraries.ts';

/** The part of LangChain's callback manager that is used. */
interface Manager {
  readonly handlers: readonly object[];
  addHandler(handler: object, isInherited: boolean): void;
}

/** What a run is configured with: its handlers, or the manager of the run around it, and as the fifth its metadata. */
type Configure = (handlers: readonly unknown[] | Manager | undefined, ...config: unknown[]) => Manager | undefined;

interface Library {
  readonly CallbackManager?: { _configureSync?: Configure };
}

/** Where LangChain keeps its own context: one for all copies of it. */
const STORAGE = Symbol.for('ls:tracing_async_local_storage');
const CHILD = Symbol.for('lc:child_config');
const storage = globalThis as {
  [STORAGE]?: {
    getStore?(): { extra?: { [CHILD]?: { callbacks?: { _parentRunId?: string } } } } | undefined;
  };
};

/** Of all copies of the library: an application may have one by `import` and one by `require`, in one graph. */
const runs = new NestedRuns(() => storage[STORAGE]?.getStore?.()?.extra?.[CHILD]?.callbacks?._parentRunId);
let copies = 0;
let stopListening: () => void = () => undefined;

/** Records graphs of LangGraph, their nodes and tools, and agents of LangChain, through a callback handler in each graph. */
export const langgraphInstrumentation = defineInstrumentation({
  ...libraries.langgraph,
  hook({ CallbackManager }: Library) {
    // The main module has nothing of it.
    if (CallbackManager === undefined) return () => undefined;
    const configure = CallbackManager._configureSync;
    if (typeof configure !== 'function') return undefined;
    const measured: Configure = function (this: unknown, handlers, ...config) {
      // Only handlers make it keep the names and the metadata of a run.
      const given = isGraph(config[3]) && (handlers === undefined || Array.isArray(handlers));
      const manager = Reflect.apply(configure, this, [given ? withOurs(handlers) : handlers, ...config]);
      if (isGraph(config[3]) && !given && manager !== undefined) watch(manager);
      return manager;
    };
    CallbackManager._configureSync = measured;
    if (copies++ === 0) stopListening = runs.listen();
    return () => {
      if (CallbackManager._configureSync === measured) CallbackManager._configureSync = configure;
      if (--copies === 0) stopListening();
    };
  },
});

/** Graphs say what they are in their metadata, which what runs in them inherits. */
function isGraph(metadata: unknown): metadata is Metadata {
  return typeof (metadata as Metadata | null | undefined)?.ls_integration === 'string';
}

interface Metadata {
  readonly ls_integration?: unknown;
  readonly lc_agent_name?: unknown;
}

function withOurs(handlers: readonly unknown[] = []): readonly unknown[] {
  return handlers.some(isOurs) ? handlers : [...handlers, handler];
}

/** It may be that of another copy of this package, in a bundle. */
function isOurs(other: unknown): boolean {
  return (other as { name?: unknown } | null)?.name === handler.name;
}

function watch(manager: Manager): void {
  guarded('the hook of @langchain/core', () => {
    if (!manager.handlers.some(isOurs)) manager.addHandler(handler, true);
  });
}

interface Serialized {
  readonly id?: readonly unknown[];
  readonly name?: unknown;
}

/** A callback handler that only listens. Awaited, as it would otherwise be called later, in another context. */
const handler = {
  name: 'gaugeway',
  lc_serializable: false,
  awaitHandlers: true,
  raiseError: false,
  ignoreLLM: true,
  ignoreChain: false,
  ignoreAgent: false,
  ignoreRetriever: true,
  ignoreCustomEvent: true,
  copy: () => handler,
  handleChainStart(
    chain: Serialized | undefined,
    _inputs: unknown,
    id: string,
    parentId: string | undefined,
    tags: readonly string[] | undefined,
    metadata: Metadata | undefined,
    _type: unknown,
    name: string | undefined,
  ): void {
    tell(() => runs.start(id, parentId, chainOf(chain, parentId, tags ?? [], metadata ?? {}, name)));
  },
  handleChainEnd(_outputs: unknown, id: string): void {
    tell(() => runs.end(id));
  },
  handleChainError(error: unknown, id: string): void {
    tell(() => fail(id, error));
  },
  handleToolStart(
    tool: Serialized | undefined,
    _input: unknown,
    id: string,
    parentId: string | undefined,
    _tags: unknown,
    _metadata: unknown,
    name: string | undefined,
    callId: string | undefined,
  ): void {
    const known = name ?? (typeof tool?.name === 'string' ? tool.name : undefined);
    tell(() => runs.start(id, parentId, { kind: 'tool', name: known, toolType: 'function', callId }));
  },
  handleToolEnd(_output: unknown, id: string): void {
    tell(() => runs.end(id));
  },
  handleToolError(error: unknown, id: string): void {
    tell(() => fail(id, error));
  },
};

function tell(what: () => void): void {
  guarded('the hook of @langchain/core', what);
}

/** A graph that waits for somebody, or hands over to another node, throws and has not failed. */
function fail(id: string, error: unknown): void {
  if (readError(error, 'is_bubble_up') === true) runs.end(id);
  else runs.fail(id, error);
}

/** The class name, which a graph without a name of its own has. */
const UNNAMED = 'LangGraph';

function chainOf(
  chain: Serialized | undefined,
  parentId: string | undefined,
  tags: readonly string[],
  metadata: Metadata,
  name: string | undefined,
): NestedRun | undefined {
  const isWhole = chain?.id?.[0] === 'langgraph' && chain.id[1] === 'pregel';
  if (isWhole && metadata.ls_integration === 'langchain_create_agent') {
    const agent = metadata.lc_agent_name;
    // What runs in an agent inherits its metadata.
    if (typeof agent === 'string' ? agent === name : parentId === undefined) {
      return { kind: 'agent', name: agent as string | undefined };
    }
  }
  if (tags.some((tag) => tag.startsWith('graph:step:'))) {
    return name === undefined || name.startsWith('__') ? undefined : { kind: 'node', name };
  }
  if (!isWhole || parentId !== undefined) return undefined;
  return { kind: 'workflow', name: name === UNNAMED ? undefined : name };
}
