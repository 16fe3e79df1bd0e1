import { ProcessResources } from '../process-resources.ts';
import { contained } from './contain.ts';
import type { ResourceSample } from './resource-metrics.ts';

/** Reads the resources of this process now and from time to time. Returns the function that ends it. */
export function sampleResources(intervalMs: number, take: (sample: ResourceSample) => void): () => void {
  const resources = new ProcessResources();
  let isStopped = false;
  const look = async (): Promise<void> => {
    const sample = await read(resources);
    if (sample !== undefined && !isStopped) take(sample);
  };
  // What fails here fails in what the runtime tells, and must end nothing.
  const timer = setInterval(() => contained('resource sampling', look), intervalMs);
  // A number where there is no Node.
  (timer as { unref?: () => void }).unref?.();
  contained('resource sampling', look);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

async function read(resources: ProcessResources): Promise<ResourceSample | undefined> {
  const memoryUsedBytes = resources.memoryUsed();
  if (memoryUsedBytes === undefined) return undefined;
  const cpu = resources.cpuShare();
  const memoryTotalBytes = resources.memoryTotal();
  const [disk, threadCount, fdCount] = await Promise.all([
    resources.disk(),
    resources.threads(),
    resources.fileDescriptors(),
  ]);
  return {
    memoryUsedBytes,
    memoryTotalBytes,
    cpuUsagePercent: cpu && Math.min(100, (cpu.user + cpu.system) * 100),
    diskUsedBytes: disk?.used,
    diskTotalBytes: disk?.total,
    threadCount,
    fdCount,
  };
}
