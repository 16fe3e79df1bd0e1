import type { Instruments } from '../instruments.ts';
import { ProcessResources } from '../process-resources.ts';

/** Shows the process that Node runs in. */
export function observeProcess(to: Instruments): void {
  const resources = new ProcessResources();
  to.observe('processCpuTime', (report) => {
    const { user, system } = resources.cpuTime() ?? {};
    if (user !== undefined) report(user / 1000, { 'cpu.mode': 'user' });
    if (system !== undefined) report(system / 1000, { 'cpu.mode': 'system' });
  });
  to.observe('processCpuUtilization', (report) => {
    const { user, system } = resources.cpuShare() ?? {};
    if (user !== undefined) report(user, { 'cpu.mode': 'user' });
    if (system !== undefined) report(system, { 'cpu.mode': 'system' });
  });
  const numbers = [
    ['processMemoryUsage', () => resources.memoryUsed()],
    ['processUptime', () => resources.uptime()],
    ['processThreadCount', () => resources.threads()],
    ['processFileDescriptorCount', () => resources.fileDescriptors()],
  ] as const;
  for (const [id, read] of numbers) {
    to.observe(
      id,
      async (report) => {
        const value = await read();
        if (value !== undefined) report(value, {});
      },
      'absent',
    );
  }
}
