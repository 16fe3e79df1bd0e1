/** What one sample of the machine's resources tells. */
export interface ResourceSample {
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly cpuUsagePercent: number;
  readonly diskUsedBytes: number;
  readonly diskTotalBytes: number;
  readonly threadCount: number;
  readonly fdCount: number;
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** Resources at one time, and how much of them is used. */
export class ResourceMetrics implements ResourceSample {
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly cpuUsagePercent: number;
  readonly diskUsedBytes: number;
  readonly diskTotalBytes: number;
  readonly threadCount: number;
  readonly fdCount: number;
  readonly timestamp: number;

  constructor(sample: ResourceSample) {
    this.memoryUsedBytes = sample.memoryUsedBytes;
    this.memoryTotalBytes = sample.memoryTotalBytes;
    this.cpuUsagePercent = sample.cpuUsagePercent;
    this.diskUsedBytes = sample.diskUsedBytes;
    this.diskTotalBytes = sample.diskTotalBytes;
    this.threadCount = sample.threadCount;
    this.fdCount = sample.fdCount;
    this.timestamp = sample.timestamp;
  }

  /** Share of the memory that is used, 0 where its size is unknown. */
  memoryUtilization(): number {
    return this.memoryTotalBytes > 0 ? this.memoryUsedBytes / this.memoryTotalBytes : 0;
  }

  /** Share of the disk that is used, 0 where its size is unknown. */
  diskUtilization(): number {
    return this.diskTotalBytes > 0 ? this.diskUsedBytes / this.diskTotalBytes : 0;
  }
}
