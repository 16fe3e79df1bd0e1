import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { type Context, context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { defineInstrumentation } from '../../src/instrumentation.ts';
import { guarded, isObserved } from '../../src/observe.ts';
import { agents } from '../../src/recorders/agents.ts';
import type { Failure } from '../../src/recorders/failures.ts';
import { activeContext } from '../../src/recorders/inbound.ts';
import { agentNameIn, withAgentName } from './agent-names.ts';
import { canEnter, contextStore } from './context-store.ts';
import { hasForeignSpans } from './integrations.ts';
import { operationIn, TextOperation } from './operations.ts';
import { providerOf } from './providers.ts';
import { field, hasKeys, lastErrorOf, nameOf, resultOf, summaryOf } from './results.ts';
import { type Failed, ModelStep, stepIn, withStep } from './steps.ts';

/** What the AI SDK 7 publishes of one piece of its work: at its start, and again with a result or an error at its end. */
interface Message {
  readonly type: string;
  readonly event: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** What becomes of a message: where its work runs, and what to do when it ends. */
interface Watch {
  readonly context: Context;
  ended(message: Message): void;
}

const CHANNEL = 'ai:telemetry';

/**
 * The AI SDK 7, through the channel that it publishes its work on: nothing of it is patched. Each asking of a model is one
 * call with all of its retries, a call with tools is an agent, and the tools run inside of it.
 */
export const aiTelemetryInstrumentation = defineInstrumentation({ library: CHANNEL, hook: watchTelemetry });

/** Watches every call of the AI SDK 7 in this process, bundled copies included. Returns the function that ends it. */
function watchTelemetry(): () => void {
  const channel = tracingChannel(CHANNEL) as unknown as TracingChannel<Context, Message>;
  const watches = new WeakMap<object, Watch>();
  const unread = new FinalizationRegistry<TextOperation>((operation) =>
    guarded('the AI SDK', () => operation.abandoned()),
  );
  // An error in here would end the process: Node rethrows it where nobody can catch it.
  const enter = (message: Message): Context => {
    const active = context.active();
    let inside = active;
    guarded('the AI SDK', () => {
      if (!isObserved() || isTracingSuppressed(active) || !canEnter()) return;
      const watch = begin(message, activeContext(), unread);
      if (watch === undefined) return;
      watches.set(message, watch);
      inside = watch.context;
    });
    return inside;
  };
  const handlers = {
    asyncEnd(message: Message): void {
      const watch = watches.get(message);
      if (watch === undefined) return;
      watches.delete(message);
      guarded('the AI SDK', () => watch.ended(message));
    },
  } as Parameters<typeof channel.subscribe>[0];
  channel.start.bindStore(contextStore, enter);
  channel.subscribe(handlers);
  return () => {
    channel.start.unbindStore(contextStore);
    channel.unsubscribe(handlers);
  };
}

function begin(message: Message, active: Context, unread: FinalizationRegistry<TextOperation>): Watch | undefined {
  switch (message.type) {
    case 'generateText':
    case 'streamText':
      return beginText(message, active, unread);
    case 'step':
      return beginStep(active);
    case 'languageModelCall':
      return beginAttempt(message, active);
    case 'executeTool':
      return beginTool(message, active);
  }
  const operation = OPERATIONS[message.type];
  return operation === undefined ? undefined : beginCall(message, active, operation);
}

/** Calls without steps, whose retries are made inside of them, as the wire names them. */
const OPERATIONS: Readonly<Record<string, string>> = {
  embed: 'embeddings',
  embedMany: 'embeddings',
  rerank: 'rerank',
  generateSpeech: 'speech',
  transcribe: 'transcription',
};

function beginText(message: Message, active: Context, unread: FinalizationRegistry<TextOperation>): Watch {
  const { event } = message;
  const maxRetries = field(event, 'maxRetries');
  const operation = new TextOperation(
    {
      name: nameOf(event, 'functionId') ?? agentNameIn(active),
      model: nameOf(event, 'modelId'),
      isStream: message.type === 'streamText',
      hasTools: hasKeys(field(event, 'tools')),
      // An application that hides its results hides errors too: which one is the last cannot be told from them.
      maxRetries: isHidden(event) || typeof maxRetries !== 'number' ? undefined : maxRetries,
      span: !hasForeignSpans(),
    },
    active,
  );
  if (message.type === 'streamText') unread.register(message, operation);
  return {
    // What its tools ask is not asked by the same agent object.
    context: withAgentName(operation.context, undefined),
    ended(message) {
      const failed = failureOf(message);
      if (failed === undefined) operation.succeeded();
      else operation.failed(failed.error);
    },
  };
}

function beginStep(active: Context): Watch {
  const operation = operationIn(active);
  const step = new ModelStep(operation?.maxRetries);
  return {
    context: withStep(active, step),
    ended(message) {
      step.over(failureOf(message));
      operation?.stepOver(step);
    },
  };
}

function beginAttempt({ event }: Message, active: Context): Watch {
  const operation = operationIn(active);
  const around = stepIn(active);
  const step = around ?? new ModelStep(undefined);
  if (step.isNew) operation?.asks(step);
  const isStream = operation?.isStream === true;
  const details = {
    ...providerOf(field(event, 'provider')),
    model: nameOf(event, 'modelId'),
    streaming: isStream,
    ended: (failure: Failure | undefined, endedAt: number) => operation?.callEnded(failure, endedAt),
    span: !hasForeignSpans(),
  };
  return {
    context: step.attempt(details, active),
    ended(message) {
      const failed = failureOf(message);
      if (failed === undefined && isStream) step.streams(around !== undefined);
      else if (failed === undefined) step.answered(resultOf(message.result));
      else if (around === undefined) step.over(failed);
      else {
        operation?.attemptFailed(failed.error);
        step.failed(failed.error);
      }
    },
  };
}

function beginTool({ event }: Message, active: Context): Watch | undefined {
  const call = field(event, 'toolCall');
  const name = nameOf(call, 'toolName');
  if (name === undefined) return undefined;
  operationIn(active)?.runsTool();
  stepIn(active)?.runsTool();
  const callId = nameOf(call, 'toolCallId');
  const tool = agents.start({
    kind: 'tool',
    name,
    toolType: 'function',
    callId,
    context: active,
    span: !hasForeignSpans(),
  });
  return {
    context: tool.context,
    ended(message) {
      const failed = failureOf(message);
      // A failed tool is an answer like others to the AI SDK; one that hides its results hides this too.
      const output = field(message.result, 'output');
      if (failed !== undefined) tool.fail(failed.error);
      else if (output === undefined) tool.discard();
      else if (field(output, 'type') === 'tool-error') tool.fail(field(output, 'error'));
      else tool.end();
    },
  };
}

function beginCall({ event }: Message, active: Context, operation: string): Watch {
  const { provider } = providerOf(field(event, 'provider'));
  const step = new ModelStep(undefined);
  const details = { provider, operation, model: nameOf(event, 'modelId'), span: !hasForeignSpans() };
  return {
    context: step.attempt(details, active),
    ended(message) {
      const failed = failureOf(message);
      if (failed === undefined) step.answered(summaryOf(message.result));
      else step.over(failed);
    },
  };
}

/** Anything may be thrown, so what tells a failure is that the field is there. */
function failureOf(message: Message): Failed | undefined {
  return Object.hasOwn(message, 'error') ? { error: lastErrorOf(message.error) } : undefined;
}

function isHidden(event: unknown): boolean {
  return field(event, 'recordInputs') === false || field(event, 'recordOutputs') === false;
}
