import { type Context, context } from '@opentelemetry/api';
import { hookFailed } from '../observe.ts';

/** Reads the context of the running code, given the one that is active for OpenTelemetry. */
type Source = (active: Context) => Context;

/*
 * Libraries that keep a context of their own, in which nothing of ours can be made active, but which tell what runs. By
 * symbol, so that a bundle with a copy of this file asks the same hooks.
 */
const KEY = Symbol.for('gaugeway.ambient.1');
const shared = globalThis as { [KEY]?: { sources: readonly Source[]; isOff: boolean } };
shared[KEY] ??= { sources: [], isOff: false };
const ambient = shared[KEY];

/** Asks this library as well, from now on; returns what ends that. */
export function addAmbient(source: Source): () => void {
  ambient.sources = [...ambient.sources, source];
  return () => {
    ambient.sources = ambient.sources.filter((other) => other !== source);
  };
}

/** The context of the running code by all libraries that keep one, innermost. */
export function withAmbient(active: Context): Context {
  if (ambient.isOff || ambient.sources.length === 0) return active;
  let found = active;
  for (const source of ambient.sources) {
    try {
      found = source(found);
    } catch (error) {
      // Whoever asks for the context is not to blame for what a library keeps there.
      hookFailed('a context of a library', error);
    }
  }
  return found;
}

/** The context of the running code. */
export function currentContext(): Context {
  return withAmbient(context.active());
}

/** The active context as OpenTelemetry alone knows it. */
export function plainContext(): Context {
  ambient.isOff = true;
  try {
    return context.active();
  } finally {
    ambient.isOff = false;
  }
}
