import type { Instruments } from '../instruments.ts';
import { ProcessResources } from '../process-resources.ts';
import type { BoundedAttributes } from './attributes.ts';

/** Shows the process that Node runs in. */
export function observeProcess(to: Instruments, { none }: BoundedAttributes): void {
  const resources = new ProcessResources();
  to.observe('processCpuTime', (report) => {
    const { user, system } = resources.cpuTime() ?? {};
    if (user !== undefined) report(user / 1000, none.with('cpu.mode', 'user'));
    if (system !== undefined) report(system / 1000, none.with('cpu.mode', 'system'));
  });
  to.observe('processCpuUtilization', (report) => {
    const { user, system } = resources.cpuShare() ?? {};
    if (user !== undefined) report(user, none.with('cpu.mode', 'user'));
    if (system !== undefined) report(system, none.with('cpu.mode', 'system'));
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
        if (value !== undefined) report(value, none);
      },
      'absent',
    );
  }
}
