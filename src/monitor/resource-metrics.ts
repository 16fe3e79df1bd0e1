/** What one sample of the machine's resources tells; what nobody knows is absent. */
export interface ResourceSample {
  /** The resident set of the process, all of it. */
  readonly memoryUsedBytes: number;
  /** The limit of its cgroup, else what the machine has; 0 where that is unknown. */
  readonly memoryTotalBytes: number;
  /** CPU time of the process per time that passed, of all CPUs that it may use: 0 to 100. */
  readonly cpuUsagePercent?: number | undefined;
  /** Of the file system of the working directory. */
  readonly diskUsedBytes?: number | undefined;
  readonly diskTotalBytes?: number | undefined;
  readonly threadCount?: number | undefined;
  /** Open file descriptors. */
  readonly fdCount?: number | undefined;
  /** Unix milliseconds. @default now */
  readonly timestamp?: number | undefined;
}

/** Resources at one time, and how much of them is used. */
export class ResourceMetrics implements ResourceSample {
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly cpuUsagePercent: number | undefined;
  readonly diskUsedBytes: number | undefined;
  readonly diskTotalBytes: number | undefined;
  readonly threadCount: number | undefined;
  readonly fdCount: number | undefined;
  readonly timestamp: number;

  constructor(sample: ResourceSample) {
    this.memoryUsedBytes = sample.memoryUsedBytes;
    this.memoryTotalBytes = sample.memoryTotalBytes;
    this.cpuUsagePercent = sample.cpuUsagePercent;
    this.diskUsedBytes = sample.diskUsedBytes;
    this.diskTotalBytes = sample.diskTotalBytes;
    this.threadCount = sample.threadCount;
    this.fdCount = sample.fdCount;
    this.timestamp = sample.timestamp ?? Date.now();
  }

  /** Share of the memory that is used, 0 where its size is unknown. */
  memoryUtilization(): number {
    return this.memoryTotalBytes > 0 ? this.memoryUsedBytes / this.memoryTotalBytes : 0;
  }

  /** Share of the disk that is used, 0 where its size is unknown. */
  diskUtilization(): number {
    const { diskUsedBytes = 0, diskTotalBytes = 0 } = this;
    return diskTotalBytes > 0 ? diskUsedBytes / diskTotalBytes : 0;
  }
}

const NUMBERS = [
  'memoryUsedBytes',
  'memoryTotalBytes',
  'cpuUsagePercent',
  'diskUsedBytes',
  'diskTotalBytes',
  'threadCount',
  'fdCount',
  'timestamp',
] as const;

/** True where every number that is given is one; memory is always given. */
export function isPossibleSample(sample: ResourceSample): boolean {
  if (typeof sample !== 'object' || sample === null || sample.memoryUsedBytes === undefined) return false;
  return NUMBERS.every((name) => {
    const value = sample[name];
    return value === undefined ? name !== 'memoryTotalBytes' : Number.isFinite(value) && value >= 0;
  });
}
