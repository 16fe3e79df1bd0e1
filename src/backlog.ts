// As they are now: tests of the application may put others in their places.
const { setTimeout, setImmediate } = globalThis;

/** Does what is to be done with a fact about `target`, which was so at `at`, in `performance.now()` time. */
export type Task<Target, Fact> = (target: Target, fact: Fact, at: number) => void;

/** How long a fact may wait: nobody looks at numbers more often. */
const DELAY_MS = 50;
/** As many are worked off in the next turn of the event loop: half a millisecond of work. */
const MANY = 256;
/** As many are worked off at once, for the memory's sake. */
const TOO_MANY = 16 * MANY;
/** Bytes that are copied; longer ones are cheaper to read than to keep. */
const MAX_COPIED = 16 * 1024;
const MANY_BYTES = 512 * 1024;
/** Places of a task in the list. */
const WIDTH = 4;

/**
 * Facts that hooks have seen and nobody has thought about yet, in their order. A hook runs in the middle of the
 * application's work, where code and data of ours are in no cache of the processor: to note what happened and to think
 * about many facts at once costs a third of thinking about each.
 */
class Backlog {
  /** Whether facts may wait; else they are worked off at once. */
  isOpen = false;
  /** Tells of a task that threw. */
  onError: (error: unknown) => void = () => undefined;
  /** Task, target, fact and time of each: the list is used again, and nothing is allocated for one. */
  readonly #list: unknown[] = [];
  #length = 0;
  #bytes = 0;
  #isBusy = false;
  #isTimed = false;
  #isDue = false;

  /** True where a fact can wait; whoever is told false does the task now, after all that have waited. */
  mayWait(): boolean {
    if (this.#isBusy) return false;
    if (this.isOpen) return true;
    this.catchUp();
    return false;
  }

  add(task: Task<never, never>, target: unknown, fact: unknown, at: number): void {
    const place = this.#length;
    this.#list[place] = task;
    this.#list[place + 1] = target;
    this.#list[place + 2] = fact;
    this.#list[place + 3] = at;
    this.#length = place + WIDTH;
    if (!this.#isTimed) this.#wait();
    if (place >= MANY * WIDTH) this.#hurry();
  }

  addBytes(task: Task<never, never>, target: unknown, bytes: Buffer, at: number): void {
    // The application may go on to change them.
    this.add(task, target, Buffer.from(bytes), at);
    this.#bytes += bytes.length;
    if (this.#bytes > MANY_BYTES) this.#hurry();
  }

  catchUp(): void {
    if (this.#isBusy || this.#length === 0) return;
    this.#isBusy = true;
    const list = this.#list;
    for (let place = 0; place < this.#length; place += WIDTH) {
      const [task, target, fact, at] = [list[place], list[place + 1], list[place + 2], list[place + 3]];
      list[place] = list[place + 1] = list[place + 2] = undefined;
      try {
        (task as Task<unknown, unknown>)(target, fact, at as number);
      } catch (error) {
        this.onError(error);
      }
    }
    this.#length = 0;
    this.#bytes = 0;
    this.#isBusy = false;
  }

  #wait(): void {
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.catchUp();
    }, DELAY_MS).unref();
  }

  /** After what has come in meanwhile: the application's own work goes first. */
  #hurry(): void {
    if (this.#length > TOO_MANY * WIDTH) return this.catchUp();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.catchUp();
    }).unref();
  }
}

/* One per process: facts of several copies of this package keep their order. */
const KEY = Symbol.for('gaugeway.backlog.1');
const shared = globalThis as { [KEY]?: Backlog };
shared[KEY] ??= new Backlog();
const backlog: Backlog = shared[KEY];

/** Does `task` a moment later, after all that waits, if nobody minds; else now. Its target and fact must not change. */
export function later<Target, Fact>(task: Task<Target, Fact>, target: Target, fact: Fact, at: number): void {
  if (backlog.mayWait()) backlog.add(task, target, fact, at);
  else task(target, fact, at);
}

/** The same with bytes of the application, which may change: what waits is a copy. */
export function laterWithBytes<Target>(task: Task<Target, Buffer>, target: Target, bytes: Buffer, at: number): void {
  if (bytes.length > MAX_COPIED) backlog.catchUp();
  else if (backlog.mayWait()) return backlog.addBytes(task, target, bytes, at);
  task(target, bytes, at);
}

/** Does what waits. To be called before anything is read, or done, that depends on it; within a task it does nothing. */
export function catchUp(): void {
  backlog.catchUp();
}

/** Lets facts wait from now on, or no longer. */
export function setWaiting(isOpen: boolean, onError: (error: unknown) => void): void {
  backlog.catchUp();
  backlog.isOpen = isOpen;
  backlog.onError = onError;
}
