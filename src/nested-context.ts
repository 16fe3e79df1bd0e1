import { type Context, createContextKey, type Span } from '@opentelemetry/api';

/** Of @opentelemetry/api, which tells its name only; keys of a context are global by their names. */
export const SPAN = createContextKey('OpenTelemetry Context Key SPAN');

/** A work that goes on for ever in the context of the one before it must not keep all of them. */
const MAX_DEPTH = 16;

/** A context with one more value: what a call makes for itself. A context of the API copies a Map and makes functions. */
class NestedContext implements Context {
  readonly #parent: Context;
  readonly #key: symbol;
  readonly #value: unknown;
  readonly #depth: number;

  constructor(parent: Context, key: symbol, value: unknown) {
    this.#parent = parent;
    this.#key = key;
    this.#value = value;
    this.#depth = parent instanceof NestedContext ? parent.#depth + 1 : 1;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new NestedContext(this.#depth < MAX_DEPTH ? this : this.#flat(), key, value);
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }

  /** The same values in a context of the API, which holds each once. */
  #flat(): Context {
    const values = new Map<symbol, unknown>();
    let around: Context = this;
    for (; around instanceof NestedContext; around = around.#parent) {
      if (!values.has(around.#key)) values.set(around.#key, around.#value);
    }
    for (const [key, value] of values) around = around.setValue(key, value);
    return around;
  }
}

/** The context of work that begins before it is known what it is. */
export class LateContext implements Context {
  /** What it is by now; at first, the context in which the work began. */
  inner: Context;

  constructor(inner: Context) {
    // Work that goes on for ever in the context of the one before it must not keep all of them.
    this.inner = settled(inner);
  }

  getValue(key: symbol): unknown {
    return this.inner.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.inner.setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.inner.deleteValue(key);
  }
}

/** What a context is by now. */
function settled(context: Context): Context {
  return context instanceof LateContext ? context.inner : context;
}

export function withValue(parent: Context, key: symbol, value: unknown): Context {
  const around = settled(parent);
  return around instanceof NestedContext ? around.setValue(key, value) : new NestedContext(around, key, value);
}

export function withSpan(parent: Context, span: Span): Context {
  return withValue(parent, SPAN, span);
}
