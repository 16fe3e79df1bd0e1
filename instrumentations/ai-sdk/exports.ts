import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { isRegistered } from '../../src/api-globals.ts';
import { guarded, isObserved } from '../../src/observe.ts';
import { activeContext } from '../../src/recorders/inbound.ts';
import { settle } from '../../src/recorders/settle.ts';
import type { libraries } from '../libraries.ts';
import { withAgentName } from './agent-names.ts';
import { hasForeignSpans } from './integrations.ts';
import { unwatchModels, watchModel, withAsking } from './models.ts';
import { TextOperation } from './operations.ts';
import { providerOf } from './providers.ts';
import { replace } from './replace.ts';
import { field, hasKeys, lastErrorOf, nameOf, summaryOf } from './results.ts';
import { ModelStep } from './steps.ts';

/** The AI SDK as far as it is looked at. */
export interface AiSdk {
  readonly registerTelemetry?: unknown;
  readonly gateway?: unknown;
  readonly ToolLoopAgent?: { readonly prototype: object };
  readonly Experimental_Agent?: { readonly prototype: object };
}

/** What the functions are called with, as far as it is looked at. */
interface Settings {
  readonly id?: unknown;
  readonly experimental_telemetry?: unknown;
  readonly model?: unknown;
  readonly tools?: unknown;
  readonly maxRetries?: unknown;
  readonly prepareCall?: unknown;
}

/** What the AI SDK tries again where nothing else is said. */
const MAX_RETRIES = 2;

type Around = (call: () => unknown, settings: Settings) => unknown;

/** Replaces what this version of the AI SDK does not tell by itself. Returns what restores it. */
export function patchExports(library: AiSdk): (() => void) | undefined {
  const tellsItself = typeof library.registerTelemetry === 'function';
  const functions: Partial<Record<(typeof libraries.ai.replaces)[number], Around>> = {
    generateObject: (call, settings) => oneCall(call, settings, 'chat'),
    streamObject: (call, settings) => stream(call, settings),
  };
  if (!tellsItself) {
    functions.generateText = text;
    functions.streamText = stream;
    functions.embed = (call, settings) => oneCall(call, settings, 'embeddings');
    functions.embedMany = functions.embed;
  }
  watchGateway(library);
  const undo: (() => void)[] = [];
  for (const [name, around] of Object.entries(functions)) {
    const restore = replace(library, name, (call, args) => inside(call, (args[0] ?? {}) as Settings, around));
    if (restore !== undefined) undo.push(restore);
  }
  undo.push(...patchAgents(library, tellsItself));
  if (undo.length === 0) return undefined;
  return () => {
    for (const restore of undo.splice(0)) restore();
    unwatchModels();
  };
}

/** A model that is asked for by its name alone comes from Vercel's gateway: any name has a model of the one class. */
function watchGateway({ gateway }: AiSdk): void {
  guarded('the AI SDK', () => {
    if (typeof gateway === 'function') watchModel(gateway('gaugeway/none'));
  });
}

/** Agents call these functions from within the library, where nothing can be replaced. */
function patchAgents(
  { ToolLoopAgent, Experimental_Agent = ToolLoopAgent }: AiSdk,
  tellsItself: boolean,
): (() => void)[] {
  const { prototype } = Experimental_Agent ?? {};
  if (prototype === undefined) return [];
  const generate: Around = tellsItself ? named : text;
  const streams: Around = tellsItself ? named : stream;
  const settingsOf = (agent: unknown): Settings => (agent as { settings?: Settings } | undefined)?.settings ?? {};
  return [
    replace(prototype, 'generate', (call, _, agent) => inside(call, settingsOf(agent), generate)),
    replace(prototype, 'stream', (call, _, agent) => inside(call, settingsOf(agent), streams)),
  ].filter((restore) => restore !== undefined);
}

function inside(call: () => unknown, settings: Settings, around: Around): unknown {
  const isMeasured = isObserved() && !isTracingSuppressed(context.active()) && isRegistered('context');
  return isMeasured ? around(call, settings) : call();
}

/** The call is told by the AI SDK itself, all but the name of the agent. */
function named(call: () => unknown, settings: Settings): unknown {
  return context.with(withAgentName(context.active(), agentName(settings)), call);
}

/** With tools it is an agent, which asks models until it is done; without, it asks once. */
function text(call: () => unknown, settings: Settings): unknown {
  // Which tools an agent has may be decided with each call.
  if (!hasKeys(settings.tools) && settings.prepareCall === undefined) return oneCall(call, settings, 'chat');
  const operation = begin(settings, true, false);
  if (operation === undefined) return call();
  return context.with(withAsking(operation.context, operation), () =>
    settle(call, {
      done: () => operation.succeeded(),
      failed: (error) => operation.failed(lastErrorOf(error)),
      unobservable: () => operation.abandoned(),
    }),
  );
}

/** How a stream ends cannot be seen without changing it: only its askings of models are told. */
function stream(call: () => unknown, settings: Settings): unknown {
  const operation = begin(settings, false, true);
  return operation === undefined ? call() : context.with(withAsking(activeContext(), operation), call);
}

function begin(settings: Settings, hasTools: boolean, isStream: boolean): TextOperation | undefined {
  let operation: TextOperation | undefined;
  guarded('the AI SDK', () => {
    watchModel(settings.model);
    const { maxRetries = MAX_RETRIES } = settings;
    operation = new TextOperation(
      {
        name: agentName(settings),
        model: describe(settings.model).model,
        isStream,
        hasTools,
        tellsTools: false,
        maxRetries: typeof maxRetries === 'number' ? maxRetries : undefined,
        span: makesSpans(settings),
      },
      activeContext(),
    );
  });
  return operation;
}

/** All that happens in it is one call: its end is the end of the promise. */
function oneCall(call: () => unknown, settings: Settings, operation: string): unknown {
  const step = new ModelStep(undefined);
  let active = context.active();
  guarded('the AI SDK', () => {
    const told = describe(settings.model);
    const details = operation === 'chat' ? told : { ...told, operation };
    active = withAsking(step.attempt({ ...details, span: makesSpans(settings) }, activeContext()), undefined);
  });
  return context.with(active, () =>
    settle(call, {
      done: (result) => step.answered(summaryOf(result)),
      failed: (error) => step.over({ error: lastErrorOf(error) }),
      unobservable: () => step.streams(),
    }),
  );
}

/** A text names a model of the gateway, or of the application's own default provider. */
function describe(model: unknown): { provider: string; operation: string; model: string | undefined } {
  if (typeof model === 'string')
    return { ...providerOf('AI_SDK_DEFAULT_PROVIDER' in globalThis ? '' : 'gateway'), model };
  const { provider, modelId } = (model ?? {}) as { provider?: unknown; modelId?: unknown };
  return { ...providerOf(provider), model: typeof modelId === 'string' ? modelId : undefined };
}

/** Versions 5 and 6 make spans of their own where the application asks for them: of the call and of each attempt. */
function makesSpans({ experimental_telemetry: telemetry }: Settings): boolean {
  return field(telemetry, 'isEnabled') !== true && !hasForeignSpans();
}

function agentName({ id, experimental_telemetry: telemetry }: Settings): string | undefined {
  const given = nameOf(telemetry, 'functionId') ?? id;
  return typeof given === 'string' && given !== '' ? given : undefined;
}
