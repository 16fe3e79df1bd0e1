import type { Instruments } from '../instruments.ts';
import type { Anomaly } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordAnomaly(to: Instruments, { none }: BoundedAttributes, { anomaly, severity }: Anomaly): void {
  const set = none.with('gaugeway.monitor.anomaly.type', anomaly).with('gaugeway.monitor.anomaly.severity', severity);
  to.with('monitorAnomalies', set).record(1);
}
