import { AGGREGATION_WINDOW, type METRIC_TYPE, type PlatformMonitor } from '../../src/monitor/index.ts';

/** Tags of a model call, as the observation stream gives them. */
export const TAGS = { modelId: 'gpt-5-mini', provider: 'openai', operation: 'chat' };

/** Statistics of the last minute, of all groups that have these tags. */
export const lastMinute = (monitor: PlatformMonitor, type: (typeof METRIC_TYPE)[keyof typeof METRIC_TYPE], tags = {}) =>
  monitor.getAggregatedStats({ type, tags, windowMs: AGGREGATION_WINDOW.ONE_MINUTE });
