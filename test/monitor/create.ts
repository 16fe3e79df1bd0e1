import { afterEach, vi } from 'vitest';
import { type DropReason, type Observation, observe } from '../../src/index.ts';
import {
  createPerformanceMonitor,
  type EventCollector,
  PerformanceCollector,
  PerformanceMonitor,
  type PerformanceMonitorOptions,
  type PlatformMonitorOptions,
} from '../../src/monitor/index.ts';
import { SimulatedClock } from './simulated-clock.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A monitor on a simulated clock, deaf to the process, that is stopped after the test. */
export function createMonitor(options: PerformanceMonitorOptions = {}) {
  const clock = new SimulatedClock();
  const logger = { info: vi.fn(), warn: vi.fn() };
  const monitor = new PerformanceMonitor({ logger, clock, observe: false, ...options });
  stops.push(() => monitor.stop());
  return { monitor, clock, logger };
}

/** As `createMonitor`, with what a collector has beside. */
export function createCollector(eventCollector?: EventCollector, options: PerformanceMonitorOptions = {}) {
  const clock = new SimulatedClock();
  const logger = { info: vi.fn(), warn: vi.fn() };
  const collector = new PerformanceCollector(eventCollector, { logger, clock, observe: false, ...options });
  stops.push(() => collector.stop());
  return { collector, clock, logger };
}

/** The monitor of a platform on a simulated clock, which hears the process, that is stopped after the test. */
export function createPlatform(options: PlatformMonitorOptions = {}) {
  const clock = new SimulatedClock();
  const logger = { info: vi.fn(), warn: vi.fn() };
  const monitor = createPerformanceMonitor({ logger, clock, ...options });
  stops.push(() => monitor.stop());
  return { monitor, clock, logger };
}

/** What those hear who are no monitors, until the test is over. */
export function listen() {
  const seen: Observation[] = [];
  const dropped: DropReason[] = [];
  stops.push(
    observe({ observed: (o) => seen.push(o), dropped: (reason, count) => dropped.push(...Array(count).fill(reason)) }),
  );
  return { seen, dropped };
}
