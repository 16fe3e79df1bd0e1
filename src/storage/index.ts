export { type InsertedMetric, MetricsStorage, type StorageOptions } from './metrics-storage.ts';
export type { OperationStats, StoredMetric } from './rows.ts';
