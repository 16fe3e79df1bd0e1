import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context } from '@opentelemetry/api';
import { isRegistered } from '../../src/api-globals.ts';

/** What Node 26 enters a store with; older versions call `run`. */
interface Scoped {
  withScope?(store: Context): unknown;
}

/*
 * The store that a channel enters is the context of OpenTelemetry itself: what runs inside of it, the application's own
 * tools included, finds the span and the call around it as always. It is asked for each time, because an application may
 * register another context manager after us.
 */
export const contextStore = {
  run: <T>(active: Context, work: () => T): T => context.with(active, work),
  withScope: (active: Context): unknown => (currentStorage() as Scoped | undefined)?.withScope?.(active),
} as unknown as AsyncLocalStorage<Context>;

/**
 * Whether work can be run in a context at all. Where it cannot, its exchanges are calls of their own, and a call told from
 * above would count them twice.
 */
export function canEnter(): boolean {
  if (!isRegistered('context')) return false;
  return (
    !('withScope' in AsyncLocalStorage.prototype) || (currentStorage() as Scoped | undefined)?.withScope !== undefined
  );
}

const API = Symbol.for('opentelemetry.js.api.1');

/** The API has no way to enter a context other than around a function; its usual manager keeps it in here. */
function currentStorage(): unknown {
  const api = (globalThis as { [API]?: { context?: { _asyncLocalStorage?: unknown } } })[API];
  return api?.context?._asyncLocalStorage;
}
