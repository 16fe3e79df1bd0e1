import { existsSync } from 'node:fs';
import type { SQLInputValue } from 'node:sqlite';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { describeError, warn } from '../diagnostics.ts';
import { type Answer, COUNTS, DONE, LOST, type Request, SIZE, type ThreadData, WRITTEN } from './protocol.ts';
import type { Retention } from './retention.ts';
import type { Row } from './rows.ts';

/** Longest wait for the thread, where somebody asked for what it has. */
const PATIENCE_MS = 5000;
/** At the end of a process nobody asked; as long as the last export may take. */
const LAST_PATIENCE_MS = 3000;
const THREAD = new URL(`./thread${import.meta.url.slice(-3)}`, import.meta.url);

/** The thread that has the file: SQLite waits for disks and for other processes, and the application must not. */
export class Writer {
  readonly #worker: Worker;
  readonly #counts = new Int32Array(new SharedArrayBuffer(COUNTS * Int32Array.BYTES_PER_ELEMENT));
  readonly #size = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  readonly #answers = new MessageChannel();
  #isDead = false;
  #asked = 0;
  #rows = 0;
  #lost = 0;

  constructor(path: string, retention: Retention) {
    if (!existsSync(THREAD)) {
      throw new Error(
        `gaugeway: a storage needs its file ${THREAD.pathname}: leave gaugeway out of the bundle, as an external package`,
      );
    }
    const { port1: answers, port2: questions } = this.#answers;
    const data: ThreadData = { path, retention, counts: this.#counts, size: this.#size, answers: questions };
    this.#worker = new Worker(THREAD, {
      name: 'gaugeway-storage',
      workerData: data,
      transferList: [questions],
      // Nothing that the application starts with belongs into this thread: no loader, no preloaded module.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    });
    this.#worker.unref();
    answers.unref();
    this.#worker.on('error', (error) => warn(`the thread of storage ${path} failed: ${describeError(error)}`));
    this.#worker.on('exit', () => {
      this.#isDead = true;
    });
  }

  /** Rows that were handed over and not written yet. */
  get waiting(): number {
    return (this.#rows - Atomics.load(this.#counts, WRITTEN)) | 0;
  }

  /** Bytes of the file, as of the last row. */
  get size(): number {
    return this.#size[SIZE] ?? 0;
  }

  /** Rows that nothing took since this was last asked. */
  takeLost(): number {
    const lost = Atomics.load(this.#counts, LOST);
    const more = lost - this.#lost;
    this.#lost = lost;
    return more;
  }

  /** False when there is no thread any more. */
  write(rows: SQLInputValue[][]): boolean {
    if (this.#isDead) return false;
    this.#ask({ kind: 'write', rows });
    this.#rows = (this.#rows + rows.length) | 0;
    return true;
  }

  /** Reads after everything that was written before; throws where the file is held by others for too long. */
  read(query: string, values: SQLInputValue[]): Row[] {
    if (this.#isDead) throw new Error('gaugeway: the thread of the storage has ended');
    this.#ask({ kind: 'read', query, values });
    if (!this.#settled(PATIENCE_MS)) throw new Error('gaugeway: the storage is held by another process; try again');
    let answer: Answer | undefined;
    // An answer that came too late for its question lies before ours.
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) answer = next;
    if (answer === undefined) throw new Error('gaugeway: the storage gave no answer');
    if ('error' in answer) throw answer.error;
    return answer.rows;
  }

  /** Waits until all is written, at most for a moment; returns how many rows were not. */
  close(): number {
    if (!this.#isDead) {
      this.#ask({ kind: 'close' });
      this.#settled(LAST_PATIENCE_MS);
    }
    return this.waiting;
  }

  #ask(request: Request): void {
    // What cannot be sent throws, and is never answered.
    this.#worker.postMessage(request);
    this.#asked = (this.#asked + 1) | 0;
  }

  #settled(patienceMs: number): boolean {
    const until = performance.now() + patienceMs;
    for (;;) {
      const done = Atomics.load(this.#counts, DONE);
      if (done === this.#asked) return true;
      const left = until - performance.now();
      if (left <= 0 || Atomics.wait(this.#counts, DONE, done, left) === 'timed-out') return false;
    }
  }

  #receive(): Answer | undefined {
    return receiveMessageOnPort(this.#answers.port1)?.message;
  }
}
