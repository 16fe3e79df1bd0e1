import { diag } from '@opentelemetry/api';
import { catchUp, setWaiting } from './backlog.ts';
import type { DropReason, Observation, Running } from './observations.ts';

/** Receives what recorders finish; it must not await, and what it throws is counted and contained. */
export interface Listener {
  /** Something began to run; `ended` follows with the same object. */
  started?(running: Running): void;
  ended?(running: Running): void;
  observed?(observation: Observation): void;
  /** Something was not recorded because it may have been wrong. */
  dropped?(reason: DropReason, count: number): void;
  /** True for a monitor, which need not be told what is recorded on one. */
  readonly isMonitor?: boolean;
}

/** One that calls `catchUp()` before it shows what it was told: where all do, hooks may tell it a moment later. */
export interface PatientListener extends Listener {
  readonly isPatient: boolean;
}

/*
 * One list per process, not per copy of this package: an application bundle that has inlined `gaugeway` reaches the
 * listeners which `gaugeway/register` set up outside of the bundle.
 */
const KEY = Symbol.for('gaugeway.listeners.1');
const shared = globalThis as { [KEY]?: Listener[] };
shared[KEY] ??= [];
const listeners: Listener[] = shared[KEY];

/** Subscribes to the observation stream; the returned function unsubscribes. */
export function observe(listener: Listener): () => void {
  // Before it is told anything: what waits happened before.
  catchUp();
  listeners.push(listener);
  arrange();
  return () => {
    catchUp();
    const index = listeners.indexOf(listener);
    if (index >= 0) listeners.splice(index, 1);
    arrange();
  };
}

function arrange(): void {
  const isPatient =
    isObserved() && listeners.every((listener) => (listener as Partial<PatientListener>).isPatient === true);
  setWaiting(isPatient, (name, error) => hookFailed(`a hook (${name})`, error));
}

/** False when nobody listens: recorders then do nothing. */
export function isObserved(): boolean {
  return listeners.length > 0;
}

/** False when only monitors listen. */
export function isObservedOutside(): boolean {
  for (let i = 0; i < listeners.length; i++) if ((listeners[i] as Listener).isMonitor !== true) return true;
  return false;
}

export function publish(observation: Observation): void {
  // As short as it can be: this is what an observation mostly costs where only a monitor listens.
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i] as Listener;
    try {
      listener.observed?.(observation);
    } catch (error) {
      contain(error);
    }
  }
}

export function publishStart(running: Running): void {
  tell('started', running);
}

export function publishEnd(running: Running): void {
  tell('ended', running);
}

function tell(what: 'started' | 'ended', running: Running): void {
  for (const listener of listeners) {
    try {
      listener[what]?.(running);
    } catch (error) {
      contain(error);
    }
  }
}

/** Counts something that was left out of the numbers. */
export function drop(reason: DropReason, count = 1): void {
  if (count === 0) return;
  // What a listener throws here is not counted: the count would come here again.
  for (const listener of listeners) {
    try {
      listener.dropped?.(reason, count);
    } catch (error) {
      reportOnce('a listener', error);
    }
  }
}

const reported = new Set<string>();

/** Says the first failure of a kind through `diag`; later ones are only counted. */
export function reportOnce(what: string, error: unknown): void {
  if (reported.has(what)) return;
  reported.add(what);
  try {
    diag.error(`gaugeway: ${what} failed and was contained: ${error instanceof Error ? error.stack : String(error)}`);
  } catch {
    // What was thrown cannot be shown, as an object without a prototype, or the logger of `diag` threw.
  }
}

function contain(error: unknown): void {
  reportOnce('a listener', error);
  drop('listener_failed');
}

/** Runs code of ours inside the application's call: a failure is counted and never reaches the application. */
export function guarded(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    hookFailed(what, error);
  }
}

/** For code of ours that is too hot for `guarded`: counts what its own `catch` caught. */
export function hookFailed(what: string, error: unknown): void {
  reportOnce(what, error);
  drop('hook_failed');
}
