/** What a host tells of itself, as an application hands it over. */
export const RESOURCES = {
  memoryUsedBytes: 400,
  memoryTotalBytes: 1000,
  cpuUsagePercent: 20,
  diskUsedBytes: 30,
  diskTotalBytes: 120,
  threadCount: 11,
  fdCount: 42,
  timestamp: 1_800_000_000_000,
};
