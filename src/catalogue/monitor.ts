import type { InstrumentSpec } from './spec.ts';

/** What a performance monitor of the application finds. */
export const monitor = {
  monitorAnomalies: {
    name: 'gaugeway.monitor.anomalies',
    kind: 'counter',
    unit: '{anomaly}',
    description: 'What monitors found to be wrong, by type and severity; severity info marks the return to normal.',
    attributes: ['gaugeway.monitor.anomaly.type', 'gaugeway.monitor.anomaly.severity'],
    integer: true,
  },
  monitorStorageSize: {
    name: 'gaugeway.monitor.storage.size',
    kind: 'observable_gauge',
    unit: 'By',
    description: "Size of the monitors' storages.",
    attributes: [],
  },
} as const satisfies Record<string, InstrumentSpec>;
