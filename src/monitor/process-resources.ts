import type { ResourceSample } from './resource-metrics.ts';

/** Longest wait for what the file system tells: a disk that hangs must not hold up the rest. */
const PATIENCE_MS = 1000;

/** Reads the resources of this process; on a runtime that is not Node there is nothing to read. */
export class ProcessResources {
  // Not by an import: the monitor runs where there are no built-in modules.
  readonly #process = (globalThis as { process?: Partial<NodeJS.Process> }).process;
  readonly #os = this.#process?.getBuiltinModule?.('node:os');
  readonly #files = this.#process?.getBuiltinModule?.('node:fs')?.promises;
  readonly #waiting = new Set<string>();
  #cpu: { readonly at: number; readonly used: number } | undefined = this.#readCpu();

  /** Undefined on a runtime that does not tell. */
  async read(): Promise<ResourceSample | undefined> {
    const memory = this.#process?.memoryUsage;
    if (memory === undefined) return undefined;
    const cpuUsagePercent = this.#cpuPercent();
    const memoryUsedBytes = memory.rss?.() ?? memory().rss;
    const [disk, threads, descriptors] = await Promise.all([
      this.#ask('disk', async () => this.#files?.statfs(this.#process?.cwd?.() ?? '.')),
      // Linux alone tells these two.
      this.#ask('threads', async () => this.#files?.readdir('/proc/self/task')),
      this.#ask('descriptors', async () => this.#files?.readdir('/proc/self/fd')),
    ]);
    return {
      memoryUsedBytes,
      memoryTotalBytes: this.#memoryTotal(),
      cpuUsagePercent,
      diskUsedBytes: disk && (disk.blocks - disk.bfree) * disk.bsize,
      diskTotalBytes: disk && disk.blocks * disk.bsize,
      threadCount: threads?.length,
      // One of them is the folder that is being read.
      fdCount: descriptors && descriptors.length - 1,
    };
  }

  /** The limit of the cgroup where there is one; without one some kernels tell a number beyond all memory. */
  #memoryTotal(): number {
    const machine = this.#os?.totalmem() ?? 0;
    const limit = this.#process?.constrainedMemory?.() ?? 0;
    return limit > 0 && (limit < machine || machine === 0) ? limit : machine;
  }

  #readCpu() {
    const usage = this.#process?.cpuUsage?.();
    return usage && { at: performance.now(), used: (usage.user + usage.system) / 1000 };
  }

  #cpuPercent(): number | undefined {
    const before = this.#cpu;
    const now = this.#readCpu();
    const available = this.#os?.availableParallelism() ?? 0;
    if (now === undefined || before === undefined || now.at - before.at < 1 || available === 0) return undefined;
    this.#cpu = now;
    return Math.min(100, ((now.used - before.used) / (now.at - before.at) / available) * 100);
  }

  /** Undefined where it fails or takes too long; while one answer is out, the question is not asked again. */
  async #ask<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    if (this.#waiting.has(what)) return undefined;
    this.#waiting.add(what);
    const answer = read()
      .catch(() => undefined)
      .finally(() => this.#waiting.delete(what));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
      timer.unref?.();
    });
    return Promise.race([answer, patience]).finally(() => clearTimeout(timer));
  }
}
