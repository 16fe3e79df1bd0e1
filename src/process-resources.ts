/** Longest wait for what the file system tells: a disk that hangs must not hold up the rest. */
const PATIENCE_MS = 1000;
/** Over less time a share of the CPU says nothing. */
const MIN_CPU_MS = 100;

/** What the process used of the CPU, in milliseconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** Reads the resources of this process; a runtime that is not Node tells nothing, and some systems only a part. */
export class ProcessResources {
  // Not by an import: the monitor runs where there are no built-in modules.
  readonly #process = (globalThis as { process?: Partial<NodeJS.Process> }).process;
  readonly #os = this.#process?.getBuiltinModule?.('node:os');
  readonly #files = this.#process?.getBuiltinModule?.('node:fs')?.promises;
  readonly #waiting = new Set<string>();
  #before = { at: performance.now(), cpu: this.cpuTime() };
  #share: CpuTime | undefined;

  /** Seconds. */
  uptime(): number | undefined {
    return this.#process?.uptime?.();
  }

  /** Bytes of the resident set. */
  memoryUsed(): number | undefined {
    const usage = this.#process?.memoryUsage;
    return usage?.rss?.() ?? usage?.().rss;
  }

  /** Bytes: the limit of the cgroup where there is one, else what the machine has; 0 where nobody knows. */
  memoryTotal(): number {
    const machine = this.#os?.totalmem() ?? 0;
    // Without a limit some kernels tell a number beyond all memory.
    const limit = this.#process?.constrainedMemory?.() ?? 0;
    return limit > 0 && (limit < machine || machine === 0) ? limit : machine;
  }

  cpuTime(): CpuTime | undefined {
    const usage = this.#process?.cpuUsage?.();
    return usage && { user: usage.user / 1000, system: usage.system / 1000 };
  }

  /** Shares of all CPUs that it may use, 0 to 1, since this was last asked. */
  cpuShare(): CpuTime | undefined {
    const { at, cpu: before } = this.#before;
    const now = performance.now();
    if (now - at < MIN_CPU_MS) return this.#share;
    const cpu = this.cpuTime();
    const available = (this.#os?.availableParallelism() ?? 0) * (now - at);
    if (cpu === undefined || before === undefined || available === 0) return undefined;
    const share = (used: number): number => Math.min(1, Math.max(0, used / available));
    this.#before = { at: now, cpu };
    this.#share = { user: share(cpu.user - before.user), system: share(cpu.system - before.system) };
    return this.#share;
  }

  /** Bytes of the file system of the working directory. */
  async disk(): Promise<{ readonly used: number; readonly total: number } | undefined> {
    const disk = await this.#ask('disk', async () => this.#files?.statfs(this.#process?.cwd?.() ?? '.'));
    return disk && { used: (disk.blocks - disk.bfree) * disk.bsize, total: disk.blocks * disk.bsize };
  }

  async threads(): Promise<number | undefined> {
    return (await this.#ask('threads', async () => this.#files?.readdir('/proc/self/task')))?.length;
  }

  async fileDescriptors(): Promise<number | undefined> {
    const open = await this.#ask('descriptors', async () => this.#files?.readdir('/proc/self/fd'));
    // One of them is the folder that is being read.
    return open && open.length - 1;
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
