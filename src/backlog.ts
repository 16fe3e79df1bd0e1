/** Does what is to be done with a fact about `target`, seen at `at` of `performance.now()`; 0 where no time is asked for. */
export type Task<Target, Fact> = (target: Target, fact: Fact, at: number) => void;

/** Facts that hooks have seen and nobody has thought about yet, in their order; see `FactList`. */
export interface Backlog {
  /** Whether all listeners are patient. */
  isWanted: boolean;
  /** Somebody may look without `catchUp()`: no fact waits any more. */
  isBarred: boolean;
  /** Tells of a task that threw, by its name. */
  onError: (name: string, error: unknown) => void;
  /** False where a fact is worked off at once; so it is within a task. */
  mayWait(): boolean;
  add(task: Task<never, never>, target: unknown, fact: unknown, at: number): void;
  /** The same with bytes that may change: what waits is a copy. */
  addBytes(task: Task<never, never>, target: unknown, bytes: Uint8Array, at: number): void;
  catchUp(): void;
}

/** Bytes that are copied; longer ones are cheaper to read than to keep. */
const MAX_COPIED = 16 * 1024;

/* One per process: facts of several copies of this package keep their order. */
const KEY = Symbol.for('gaugeway.backlog.1');
const shared = globalThis as { [KEY]?: Backlog };

/** From now on facts may wait here, where nobody minds; without it, as on edge runtimes, none does. */
export function useBacklog(make: () => Backlog): void {
  shared[KEY] ??= make();
}

/** Does `task` a moment later, after all that waits, if nobody minds; else now. Its target and fact must not change. */
export function later<Target, Fact>(task: Task<Target, Fact>, target: Target, fact: Fact, at: number): void {
  const backlog = shared[KEY];
  if (backlog?.mayWait() === true) return backlog.add(task, target, fact, at);
  backlog?.catchUp();
  task(target, fact, at);
}

/** The same with bytes of the application. */
export function laterWithBytes<Target, Bytes extends Uint8Array>(
  task: Task<Target, Bytes>,
  target: Target,
  bytes: Bytes,
  at: number,
): void {
  const backlog = shared[KEY];
  if (bytes.length <= MAX_COPIED && backlog?.mayWait() === true) return backlog.addBytes(task, target, bytes, at);
  backlog?.catchUp();
  task(target, bytes, at);
}

/** Does what waits. To be called before anything is read, or done, that depends on it; within a task it does nothing. */
export function catchUp(): void {
  shared[KEY]?.catchUp();
}

/** Lets facts wait from now on, or no longer; to be called when none does. */
export function setWaiting(isWanted: boolean, onError: Backlog['onError']): void {
  const backlog = shared[KEY];
  if (backlog === undefined) return;
  backlog.isWanted = isWanted;
  backlog.onError = onError;
}

/** Whether somebody looks, or exports, without `catchUp()`. */
export function barWaiting(isBarred: boolean): void {
  const backlog = shared[KEY];
  if (backlog === undefined || backlog.isBarred === isBarred) return;
  backlog.catchUp();
  backlog.isBarred = isBarred;
}
