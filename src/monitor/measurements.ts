import type { Timeline } from './clock.ts';
import type { Metadata } from './metadata.ts';
import type { Operation } from './operation.ts';

/** One recorded run of an operation. */
export interface RecordedMeasurement {
  /** Unix milliseconds of its end. */
  readonly timestamp: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Undefined where nobody said how it ended. */
  readonly success: boolean | undefined;
  readonly metadata: Metadata | undefined;
}

/** The measurements that are kept of an operation over all of its tags, from the oldest to the newest. */
export function measurementsOf({ series }: Operation, timeline: Timeline): RecordedMeasurement[] {
  const kept: RecordedMeasurement[] = [];
  const all = series.all;
  for (const { ring } of all) {
    ring.forEach((duration, outcome, time, metadata) => {
      const success = outcome === 'unknown' ? undefined : outcome === 'success';
      kept.push({ timestamp: timeline.timestampOf(time), duration, success, metadata });
    });
  }
  // Those of one series are in order.
  return all.length === 1 ? kept : kept.sort((a, b) => a.timestamp - b.timestamp);
}
