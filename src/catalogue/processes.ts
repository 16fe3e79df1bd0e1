import type { InstrumentSpec } from './spec.ts';

/** The process that Node runs in, by the conventions. */
export const processes = {
  processCpuTime: {
    name: 'process.cpu.time',
    kind: 'observable_counter',
    unit: 's',
    description: 'CPU time of the process.',
    attributes: ['cpu.mode'],
  },
  processCpuUtilization: {
    name: 'process.cpu.utilization',
    kind: 'observable_gauge',
    unit: '1',
    description: 'CPU time of the process per time that passed, of all CPUs that it may use.',
    attributes: ['cpu.mode'],
  },
  processMemoryUsage: {
    name: 'process.memory.usage',
    kind: 'updown',
    unit: 'By',
    description: 'Memory of the process: its resident set.',
    attributes: [],
    integer: true,
  },
  processUptime: {
    name: 'process.uptime',
    kind: 'observable_gauge',
    unit: 's',
    description: 'Time since the process began.',
    attributes: [],
  },
  processThreadCount: {
    name: 'process.thread.count',
    kind: 'updown',
    unit: '{thread}',
    description: 'Threads of the process; Linux alone tells.',
    attributes: [],
    integer: true,
  },
  processFileDescriptorCount: {
    name: 'process.unix.file_descriptor.count',
    kind: 'updown',
    unit: '{file_descriptor}',
    description: 'Open file descriptors of the process; Linux alone tells.',
    attributes: [],
    integer: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
