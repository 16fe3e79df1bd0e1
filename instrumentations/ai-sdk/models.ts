import { type Context, context, createContextKey } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { withValue } from '../../src/nested-context.ts';
import { guarded, isObserved } from '../../src/observe.ts';
import type { Failure } from '../../src/recorders/failures.ts';
import { settle } from '../../src/recorders/settle.ts';
import type { TextOperation } from './operations.ts';
import { providerOf } from './providers.ts';
import { replace } from './replace.ts';
import { resultOf } from './results.ts';

const OPERATION = createContextKey('gaugeway.ai-sdk.asking');

/** The operation whose askings of models are seen at the models; undefined where they are not to be looked for. */
export function withAsking(active: Context, operation: TextOperation | undefined): Context {
  return withValue(active, OPERATION, operation);
}

/** What the AI SDK asks for a text or an object, whichever way. */
const METHODS = ['doGenerate', 'doStream'] as const;

const KEY = Symbol.for('gaugeway.ai-sdk.models.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By prototype: the classes of all providers in use. A class may come to several copies of the AI SDK. */
const watched: WeakMap<object, () => void> = shared[KEY];
const restores = new Set<() => void>();

/**
 * Sees when the AI SDK asks models of this class. A model that is no instance of a class is an object of the application's
 * own: it stays as it is, and to the wire each attempt is a call.
 */
export function watchModel(model: unknown): void {
  if (typeof model !== 'object' || model === null) return;
  for (const method of METHODS) {
    const owner = ownerOf(model, method);
    if (owner === undefined || watched.has(owner)) continue;
    const undo = METHODS.map((name) => replace(owner, name, (call, args, self) => ask(call, args, self, name)));
    const restore = (): void => {
      watched.delete(owner);
      for (const each of undo) each?.();
    };
    watched.set(owner, restore);
    restores.add(restore);
  }
}

/** Leaves every class as it was. */
export function unwatchModels(): void {
  for (const restore of restores) restore();
  restores.clear();
}

function ownerOf(model: object, method: string): object | undefined {
  let owner: object | null = Object.getPrototypeOf(model);
  while (owner !== null && owner !== Object.prototype && !Object.hasOwn(owner, method)) {
    owner = Object.getPrototypeOf(owner);
  }
  return owner === null || owner === Object.prototype ? undefined : owner;
}

function ask(call: () => unknown, args: readonly unknown[], model: unknown, method: (typeof METHODS)[number]): unknown {
  const active = context.active();
  const operation = active.getValue(OPERATION) as TextOperation | undefined;
  const { prompt, abortSignal } = (args[0] ?? {}) as { prompt?: unknown; abortSignal?: unknown };
  if (operation === undefined || typeof prompt !== 'object' || prompt === null) return call();
  if (!isObserved() || isTracingSuppressed(active)) return call();
  const step = operation.stepOf(prompt);
  const streaming = method === 'doStream';
  let inside = active;
  guarded('the AI SDK', () => {
    const { provider, modelId } = model as { provider?: unknown; modelId?: unknown };
    inside = step.attempt(
      {
        ...providerOf(provider),
        model: typeof modelId === 'string' ? modelId : undefined,
        streaming,
        span: operation.span,
        ended: (failure: Failure | undefined, endedAt: number) => operation.callEnded(failure, endedAt),
      },
      active,
    );
  });
  return context.with(inside, () =>
    settle(call, {
      done: (result) => (streaming ? step.streams() : step.answered(resultOf(result))),
      failed: (error) => {
        operation.attemptFailed(error);
        const mayFollow = step.failed(error);
        // How a stream ends is told by nobody: it may be given up before the next attempt. One signal may serve many calls.
        if (mayFollow && streaming && abortSignal instanceof AbortSignal) step.waits(abortSignal);
      },
      unobservable: () => step.streams(),
    }),
  );
}
