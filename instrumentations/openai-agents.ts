import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded } from '../src/observe.ts';
import { classify, type Failure } from '../src/recorders/failures.ts';
import { type NestedRun, NestedRuns } from '../src/recorders/nested-runs.ts';
import { libraries } from './libraries.ts';

/** The part of a span of the OpenAI Agents SDK that is read. */
interface AgentsSpan {
  readonly spanId: string;
  readonly parentId: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly spanData: { readonly type: string; readonly name?: string; readonly mcp_data?: unknown };
  readonly error: { readonly message: string; readonly data?: Record<string, unknown> } | null;
}

interface AgentsLibrary {
  readonly Span?: { readonly prototype: { start(): void; end(): void } };
}

/** Where the SDK keeps its own context: one for all copies of it. */
const STORAGE = Symbol.for('openai.agents.core.asyncLocalStorage');
const storage = globalThis as {
  [STORAGE]?: { getStore?(): { active?: boolean; span?: { spanId?: string } } | undefined };
};

function currentSpan(): string | undefined {
  const store = storage[STORAGE]?.getStore?.();
  return store?.active === true ? store.span?.spanId : undefined;
}

/** Of all copies of the library: an application may have one by `import` and one by `require`, in one trace. */
const runs = new NestedRuns(currentSpan);
let copies = 0;
let stopListening: () => void = () => undefined;

/** Reads agents, tools and workflows from the spans of the OpenAI Agents SDK, whatever processors it has. */
export const openaiAgentsInstrumentation = defineInstrumentation({
  ...libraries.openaiAgents,
  hook({ Span }: AgentsLibrary) {
    const span = Span?.prototype;
    if (typeof span?.start !== 'function' || typeof span.end !== 'function') return undefined;
    const { start, end } = span;
    const patches = { start: before(start, began), end: before(end, ended) };
    Object.assign(span, patches);
    if (copies++ === 0) stopListening = runs.listen();
    return () => {
      if (span.start === patches.start) span.start = start;
      if (span.end === patches.end) span.end = end;
      if (--copies === 0) stopListening();
    };
  },
});

function before(original: () => void, tell: (span: AgentsSpan) => void): () => void {
  // A proxy keeps the method's name, length and properties.
  return new Proxy(original, {
    apply(method, span: AgentsSpan, args) {
      guarded('the hook of @openai/agents', () => tell(span));
      return Reflect.apply(method, span, args);
    },
  });
}

function began(span: AgentsSpan): void {
  if (span.startedAt === null) runs.start(span.spanId, span.parentId ?? undefined, detailsOf(span.spanData));
}

function ended({ spanId, endedAt, error }: AgentsSpan): void {
  if (endedAt === null) runs.end(spanId, error === null ? undefined : failureOf(error));
}

/** The name of a run that the application has not named. */
const UNNAMED = 'Agent workflow';

/** Model calls are seen where they are made; what else there is only lies between these. */
function detailsOf({ type, name, mcp_data: mcp }: AgentsSpan['spanData']): NestedRun | undefined {
  switch (type) {
    case 'agent':
      return { kind: 'agent', name };
    case 'function':
      return { kind: 'tool', name, toolType: mcp === undefined ? 'function' : 'extension' };
    case 'task':
      // A run of one agent is no workflow, and one of several agents is still one trace.
      return name === UNNAMED ? UNNAMED : { kind: 'workflow', name };
    default:
      return undefined;
  }
}

/** The SDK tells the text of an error, which begins with its name, unless it is told to keep that for itself. */
function failureOf({ data }: NonNullable<AgentsSpan['error']>): Failure {
  const name = /^([A-Z]\w{1,63}(?:Error|Exception|Triggered)): /.exec(String(data?.error ?? ''))?.[1];
  if (name === undefined) return { outcome: 'error', errorType: '_OTHER' };
  const failure = classify({ name, code: name });
  return failure.outcome === 'error' ? { outcome: 'error', errorType: name } : failure;
}
