import type { Backlog, Task } from './backlog.ts';

// As they are now: tests of the application may put others in their places.
const { setTimeout, setImmediate } = globalThis;

/** How long a fact may wait: nobody looks at numbers more often. */
const DELAY_MS = 50;
/** As many are worked off in the next turn of the event loop: half a millisecond of work. */
const MANY = 256;
/** As many are worked off at once, for the memory's sake. */
const TOO_MANY = 16 * MANY;
/** Room for bytes that wait; memory that no bytes have reached costs nothing. */
const ROOM = 2 * 1024 * 1024;
const MANY_BYTES = ROOM / 4;
/** Places of a task in the list. */
const WIDTH = 5;
/** The fact is no bytes. */
const NONE = -1;

/**
 * Facts that hooks have seen and nobody has thought about yet, in their order. A hook runs in the middle of the
 * application's work, where code and data of ours are in no cache of the processor: to note what happened and to think
 * about many facts at once costs a third of thinking about each.
 */
export class FactList implements Backlog {
  isWanted = false;
  isBarred = false;
  onError: Backlog['onError'] = () => undefined;
  /** Task, target, fact, time and bytes of each: the list is used again, and nothing is allocated for one. */
  readonly #list: unknown[] = [];
  /** Bytes of all that wait, one after the other; used again, as memory of its own for each would keep the collector busy. */
  #room: Buffer | undefined;
  #used = 0;
  #length = 0;
  /** Where the next task is. */
  #next = 0;
  #isBusy = false;
  #isTimed = false;
  #isDue = false;

  mayWait(): boolean {
    return this.isWanted && !this.isBarred && !this.#isBusy;
  }

  add(task: Task<never, never>, target: unknown, fact: unknown, at: number): void {
    this.#note(task, target, fact, at, NONE);
  }

  addBytes(task: Task<never, never>, target: unknown, bytes: Uint8Array, at: number): void {
    const from = this.#used;
    if (from + bytes.length > ROOM) {
      // Of a program that does not return to the event loop.
      this.#note(task, target, Buffer.from(bytes), at, NONE);
      return this.catchUp();
    }
    this.#room ??= Buffer.allocUnsafeSlow(ROOM);
    this.#room.set(bytes, from);
    // First: where the stack is full the rest may fail, and nobody else may have this place.
    this.#used = from + bytes.length;
    this.#note(task, target, from, at, bytes.length);
    if (this.#used > MANY_BYTES) this.#hurry();
  }

  #note(task: Task<never, never>, target: unknown, fact: unknown, at: number, length: number): void {
    const place = this.#length;
    const list = this.#list;
    list[place] = task;
    list[place + 1] = target;
    list[place + 2] = fact;
    list[place + 3] = at;
    list[place + 4] = length;
    this.#length = place + WIDTH;
    if (!this.#isTimed) this.#wait();
    if (place >= MANY * WIDTH) this.#hurry();
  }

  catchUp(): void {
    if (this.#isBusy || this.#length === 0) return;
    this.#isBusy = true;
    try {
      while (this.#next < this.#length) this.#workOff();
      this.#length = 0;
      this.#next = 0;
      this.#used = 0;
    } finally {
      // Where even telling of an error fails, as on a stack that is full, the rest is left for the next time.
      this.#isBusy = false;
    }
  }

  #workOff(): void {
    const list = this.#list;
    const place = this.#next;
    this.#next = place + WIDTH;
    const task = list[place] as Task<unknown, unknown>;
    const target = list[place + 1];
    let fact = list[place + 2];
    const at = list[place + 3] as number;
    const length = list[place + 4] as number;
    list[place + 1] = list[place + 2] = undefined;
    try {
      if (length !== NONE) fact = this.#room?.subarray(fact as number, (fact as number) + length);
      task(target, fact, at);
    } catch (error) {
      this.onError(task.name, error);
    }
  }

  #wait(): void {
    setTimeout(() => {
      this.#isTimed = false;
      this.catchUp();
    }, DELAY_MS).unref();
    this.#isTimed = true;
  }

  /** After what has come in meanwhile: the application's own work goes first. */
  #hurry(): void {
    if (this.#length > TOO_MANY * WIDTH) return this.catchUp();
    if (this.#isDue) return;
    setImmediate(() => {
      this.#isDue = false;
      this.catchUp();
    }).unref();
    this.#isDue = true;
  }
}
