import type { ResolvedConfig } from '../config.ts';
import type { Alert } from './alert.ts';
import { apiAlerts } from './api.ts';
import { budgetAlerts } from './budgets.ts';
import { jobAlerts } from './jobs.ts';
import { modelAlerts } from './models.ts';
import { sloAlerts } from './slo.ts';
import { telemetryAlerts } from './telemetry.ts';

export type { Alert } from './alert.ts';

/** Alerts of one kind; a group of rules in Prometheus. */
export interface AlertGroup {
  readonly name: string;
  readonly title: string;
  readonly alerts: readonly Alert[];
}

/** Every alert for a configuration, by group. */
export function alertGroups(config: ResolvedConfig): AlertGroup[] {
  return [
    { name: 'api', title: 'API and database', alerts: apiAlerts(config) },
    { name: 'models', title: 'Model calls', alerts: modelAlerts(config) },
    { name: 'jobs', title: 'Jobs and queues', alerts: jobAlerts(config) },
    { name: 'budgets', title: 'Budgets of operations', alerts: budgetAlerts(config) },
    { name: 'slo', title: 'Error budgets', alerts: sloAlerts(config) },
    { name: 'telemetry', title: 'Telemetry itself', alerts: telemetryAlerts(config) },
  ];
}
