import { type Attributes, type Context, context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { catchUp } from '../backlog.ts';
import { withSpan } from '../nested-context.ts';
import type { AgentRun, JobStep, JobTarget } from '../observations.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { agentIn, type Invocation, withAgent } from './agent-scope.ts';
import { unixOf } from './clocks.ts';
import { classify, errorClass, type Failure } from './failures.ts';
import { isName, nameOrNone } from './given.ts';
import { activeContext } from './inbound.ts';
import { jobIn } from './jobs.ts';
import { settle } from './settle.ts';
import { endSpan, startSpan } from './tracer.ts';

/** What is known when an agent, a tool, a workflow or a node of a graph starts. */
export interface AgentStart {
  /**
   * `agent` decides which models and tools to ask; `tool` is run for one; `workflow` joins several agents or nodes, as a
   * graph or a crew does; `node` is a step of a graph, which has no metric of its own beside `gaugeway.job.step.duration`.
   */
  readonly kind: 'agent' | 'tool' | 'workflow' | 'node';
  /** One of few: never an id, never a class name that a bundler shortens. Agents and workflows may have none. */
  readonly name?: string | undefined;
  /** The agent that runs this tool or node. @default the innermost one in the context */
  readonly agent?: string | undefined;
  /** The model of an agent that asks only this one. */
  readonly model?: string | undefined;
  /** `gen_ai.tool.type`: `function`, `extension` or `datastore`. */
  readonly toolType?: string | undefined;
  /** `gen_ai.tool.call.id`; on the span only. */
  readonly callId?: string | undefined;
  /** `performance.now()` when it started. @default now */
  readonly startedAt?: number | undefined;
  /** The parent context. @default the active one */
  readonly context?: Context | undefined;
  /** False where somebody else makes the span: metrics only. @default true */
  readonly span?: boolean | undefined;
  /** True where every model call and tool of this agent is told to gaugeway, so that none seen is none. @default false */
  readonly isComplete?: boolean | undefined;
}

/** What is known of an end, where the recorder has not seen it itself. */
export interface AgentEnd {
  /** Model calls that the agent made itself. @default those seen in its context, unknown where there were none */
  readonly inferenceCalls?: number | 'unknown' | undefined;
  /** Tools that the agent ran itself. @default those seen in its context, unknown where there were none */
  readonly toolCalls?: number | 'unknown' | undefined;
  /** `performance.now()` when it ended. @default now */
  readonly endedAt?: number | undefined;
}

/** Something of an agent's that runs; it ends once, whatever is called afterwards. */
export interface RunningAgent {
  /** The context in which the work should run: its span is active there, and its model calls and tools are its own. */
  readonly context: Context;
  end(end?: AgentEnd): void;
  /** It failed; the error is classified, never stored. */
  fail(error: unknown, end?: AgentEnd): void;
  /** Ends it without a record: its end cannot be seen. */
  discard(): void;
}

/** A running agent as a hook sees it. */
export interface RecordedAgent extends RunningAgent {
  /** Ended with a verdict that somebody has already come to. */
  settleAs(failure: Failure | undefined, end?: AgentEnd): void;
}

/** Records agents, tools and workflows; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const agents = {
  /** Starts what the caller ends. */
  start(details: AgentStart): RecordedAgent {
    return isObserved() && isNamed(details) ? new Run(details, details.context ?? activeContext()) : NOTHING;
  },

  /** Runs `work` as an agent, a tool, a workflow or a node: its result, error and timing are the application's own. */
  run<T>(details: AgentStart, work: (running: RunningAgent) => T): T {
    const running = agents.start(details);
    if (running === NOTHING) return work(running);
    return context.with(running.context, () =>
      settle(() => work(running), {
        done: () => running.end(),
        failed: (error) => running.fail(error),
        unobservable: () => running.discard(),
      }),
    );
  },
};

function isNamed(details: AgentStart | undefined): details is AgentStart {
  const kind = details?.kind;
  if (kind === 'agent' || kind === 'workflow') return true;
  return isName(kind === 'tool' || kind === 'node' ? details?.name : undefined, 'the name of a tool or node');
}

class Run implements RecordedAgent {
  readonly context: Context;
  readonly #kind: AgentStart['kind'];
  readonly #name: string | undefined;
  readonly #agent: string | undefined;
  readonly #details: AgentStart;
  readonly #job: JobTarget | undefined;
  readonly #own: Invocation | undefined;
  readonly #around: Invocation | undefined;
  readonly #span: Span | undefined;
  readonly #startedAt: number;
  readonly #startTime: number;
  #open = true;

  constructor(details: AgentStart, parent: Context) {
    this.#details = details;
    this.#kind = details.kind;
    this.#name = nameOrNone(details.name, 'the name of an agent or workflow');
    const around = agentIn(parent);
    this.#around = around;
    this.#agent = nameOrNone(details.agent, 'the name of an agent') ?? around?.name;
    this.#job = jobIn(parent);
    this.#startedAt = details.startedAt ?? performance.now();
    this.#startTime = unixOf(this.#startedAt);
    if (this.#kind === 'tool' && around !== undefined) around.toolCalls++;
    const operation = OPERATIONS[this.#kind];
    if (details.span !== false && !hasSpan(parent, operation, this.#name)) {
      this.#span = startSpan(
        this.#name === undefined ? operation : `${operation} ${this.#name}`,
        { kind: SpanKind.INTERNAL, startTime: this.#startTime, attributes: this.#attributes() },
        parent,
      );
    }
    const inner = this.#span === undefined ? parent : withSpan(parent, this.#span);
    // What a tool asks of models and tools itself is not what its agent asked; a node's doings are its agent's.
    if (this.#kind !== 'node') this.#own = { name: this.#agentInside, inferenceCalls: 0, toolCalls: 0 };
    this.context = this.#own === undefined ? inner : withAgent(inner, this.#own);
  }

  end(end?: AgentEnd): void {
    this.settleAs(undefined, end);
  }

  fail(error: unknown, end?: AgentEnd): void {
    const failure = classify(error);
    // A tool is the application's own code: its errors are named as the application names them.
    const isOwn = failure.outcome === 'error' && (this.#kind === 'tool' || this.#kind === 'node');
    this.settleAs(isOwn ? { outcome: 'error', errorType: errorClass(error) } : failure, end);
  }

  discard(): void {
    if (!this.#open) return;
    this.#open = false;
    endSpan(this.#span);
    drop('unobservable');
  }

  #attributes(): Attributes {
    const { model, toolType, callId } = this.#details;
    const attributes: Record<string, string | undefined> = {
      [NAMES[this.#kind]]: this.#name,
      'gen_ai.operation.name': this.#kind === 'node' ? undefined : OPERATIONS[this.#kind],
      'gen_ai.request.model': this.#kind === 'agent' ? model : undefined,
    };
    if (this.#kind === 'tool') {
      attributes['gen_ai.tool.type'] = toolType;
      attributes['gen_ai.tool.call.id'] = callId;
    }
    if (this.#kind === 'tool' || this.#kind === 'node') attributes['gen_ai.agent.name'] = this.#agent;
    if (this.#isStep) {
      attributes['gaugeway.job.step.name'] = this.#stepName;
      attributes['gaugeway.job.step.type'] = this.#kind;
    }
    return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
  }

  get #agentInside(): string | undefined {
    if (this.#kind === 'workflow') return undefined;
    return this.#kind === 'agent' ? this.#name : this.#agent;
  }

  get #isStep(): boolean {
    return this.#job !== undefined || this.#kind === 'node';
  }

  get #stepName(): string {
    return this.#name ?? this.#kind;
  }

  settleAs(told: Failure | undefined, end?: AgentEnd): void {
    // What its calls came to is part of what it came to.
    catchUp();
    if (!this.#open) return;
    this.#open = false;
    const decides = this.#kind === 'agent' || this.#kind === 'workflow';
    // A library that does not tell what an agent failed with has mostly just seen a model call, an agent or a node fail.
    const failure = decides && NOTHING_SAID.has(told?.errorType) ? (this.#own?.failure ?? told) : told;
    if (this.#kind !== 'tool' && this.#around !== undefined) this.#around.failure = failure;
    const durationMs = Math.max(0, (end?.endedAt ?? performance.now()) - this.#startedAt);
    const errorType = failure?.errorType;
    const times = { startTime: this.#startTime, durationMs, errorType };
    endSpan(this.#span, this.#startTime + durationMs, errorType);
    if (this.#kind !== 'node') {
      publish(
        Object.freeze<AgentRun>({
          kind: 'agent_run',
          role: this.#kind,
          name: this.#name,
          agent: this.#agent,
          requestModel: this.#details.model,
          toolType: this.#details.toolType,
          job: this.#job,
          ...times,
          outcome: failure?.outcome ?? 'success',
          inferenceCalls: this.#count(end?.inferenceCalls, this.#own?.inferenceCalls),
          toolCalls: this.#count(end?.toolCalls, this.#own?.toolCalls),
        }),
      );
    }
    if (!this.#isStep) return;
    publish(
      Object.freeze<JobStep>({
        kind: 'job_step',
        job: this.#job,
        name: this.#stepName,
        type: this.#kind,
        agent: this.#agentInside,
        ...times,
      }),
    );
  }

  /** None seen may be none made, or a library whose calls nobody tells. */
  #count(told: number | 'unknown' | undefined, seen: number | undefined): number | undefined {
    if (seen === undefined || this.#kind !== 'agent' || told === 'unknown') return undefined;
    return told ?? (seen > 0 || this.#details.isComplete === true ? seen : undefined);
  }
}

/** What any error may be called. */
const NOTHING_SAID: ReadonlySet<unknown> = new Set(['_OTHER', 'Error']);

const OPERATIONS = {
  agent: 'invoke_agent',
  tool: 'execute_tool',
  workflow: 'invoke_workflow',
  node: 'node',
} as const;

const NAMES = {
  agent: 'gen_ai.agent.name',
  tool: 'gen_ai.tool.name',
  workflow: 'gen_ai.workflow.name',
  node: 'gaugeway.job.step.name',
} as const;

/** Another instrumentation has opened the span of this very run around us: a second one would say it twice. */
function hasSpan(parent: Context, operation: string, name: string | undefined): boolean {
  const span = trace.getSpan(parent) as (Span & ForeignSpan) | undefined;
  if (span?.isRecording() !== true || span.instrumentationScope?.name === 'gaugeway') return false;
  if (span.attributes?.['gen_ai.operation.name'] !== operation) return false;
  const told = NAME_KEYS.map((key) => span.attributes?.[key]).find((value) => value !== undefined);
  return told === undefined || told === name;
}

interface ForeignSpan {
  readonly attributes?: Attributes;
  readonly instrumentationScope?: { readonly name?: string };
}

const NAME_KEYS = Object.values(NAMES);

const NOTHING: RecordedAgent = {
  get context() {
    return context.active();
  },
  end() {},
  fail() {},
  settleAs() {},
  discard() {},
};
