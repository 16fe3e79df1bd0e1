import { catalogue } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { increase, type LabelKey, quantile, rate, series, type Where } from '../promql.ts';
import { type Alert, pair, seconds, withTraffic } from './alert.ts';

const OPERATION: LabelKey[] = ['job', 'gaugeway.operation.name'];

/** Operations that have a budget: the value of the alert is P95 over budget, which is the severity of a violation. */
export function budgetAlerts({ budgets, thresholds, minimumTraffic }: ResolvedConfig): Alert[] {
  return Object.entries(budgets).flatMap(([operation, budgetMs]) => {
    const where: Where = { 'gaugeway.operation.name': operation };
    const { appOperationDuration } = catalogue;
    return pair(['OperationOverBudget', 'OperationFarOverBudget'], ['5m', '5m'], thresholds.budgetShare, {
      subject: 'operation-budget',
      by: OPERATION,
      expression: (limit, name) =>
        withTraffic(
          `${quantile(0.95, OPERATION, rate(series(appOperationDuration, 'bucket', where), '5m'))} / ${seconds(budgetMs)} > ${limit}`,
          OPERATION,
          increase(series(appOperationDuration, 'count', where), '5m'),
          minimumTraffic(name),
        ),
      summary: `{{ $labels.job }}: P95 of {{ $labels.gaugeway_operation_name }} is {{ $value | humanize }} times its budget of ${budgetMs} ms`,
      description: 'The operation takes longer than was agreed for it.',
      panel: { board: 'performance', title: 'Operations' },
      traces: '{ resource.service.name = "<job>" && name = "<gaugeway_operation_name>" }',
      steps: [
        'Compare with the last deployment: a budget is broken by a change more often than by load.',
        'Open a slow trace and see which part has grown.',
        'If the new time is right, change the budget where it is configured, and say why.',
      ],
    });
  });
}
