import type { Instruments } from '../instruments.ts';
import type { Anomaly } from '../observations.ts';

export function recordAnomaly(to: Instruments, _attributes: unknown, { anomaly, severity }: Anomaly): void {
  to.with('monitorAnomalies', {
    'gaugeway.monitor.anomaly.type': anomaly,
    'gaugeway.monitor.anomaly.severity': severity,
  }).record(1);
}
