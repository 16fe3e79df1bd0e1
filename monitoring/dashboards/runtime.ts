import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import type { ResolvedConfig } from '../config.ts';
import { type LabelKey, rate, series, sumBy, type Where } from '../promql.ts';
import { runtime } from '../third-party.ts';
import type { Board } from './board.ts';
import { timeSeries } from './panels.ts';
import { inSeconds, line, P50_P90_P99, percentiles, RATE } from './queries.ts';
import { chosen, type Variable } from './variables.ts';

const service: Variable = {
  name: 'service',
  title: 'Service',
  key: 'job',
  of: [runtime.eventLoopUtilization, catalogue.processMemoryUsage],
  multi: false,
};
const OF: Where = { job: chosen(service) };
const PROCESS: LabelKey[] = ['job', 'instance'];
const NEEDS = 'No metrics of Node. They need GAUGEWAY_RUNTIME_METRICS=true.';

/** "Is the process itself the reason?" */
export function runtimeBoard({ thresholds }: ResolvedConfig): Board {
  const ofProcess = (row: InstrumentSpec) => sumBy(PROCESS, series(row, undefined, OF));
  return {
    uid: 'gaugeway-runtime',
    file: 'runtime-dashboard.json',
    title: 'Node runtime',
    description: 'Event loop, garbage collection, memory and CPU of each process.',
    variables: [service],
    sections: [
      {
        title: 'Event loop',
        panels: [
          timeSeries({
            title: 'Delay of the event loop',
            description:
              'How late timers are, per process. Above some 100 ms every request waits for something that computes.',
            unit: 's',
            limits: inSeconds(thresholds.eventLoopDelayMs),
            queries: [
              { ...line(ofProcess(runtime.eventLoopDelayP50), ...PROCESS), legend: 'P50 {{job}} {{instance}}' },
              { ...line(ofProcess(runtime.eventLoopDelayP90), ...PROCESS), legend: 'P90 {{job}} {{instance}}' },
              { ...line(ofProcess(runtime.eventLoopDelayP99), ...PROCESS), legend: 'P99 {{job}} {{instance}}' },
            ],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Use of the event loop',
            description: 'Share of the time in which the event loop had something to do. Near 1 it can take no more.',
            unit: 'percentunit',
            min: 0,
            max: 1,
            queries: [line(ofProcess(runtime.eventLoopUtilization), ...PROCESS)],
            needs: NEEDS,
          }),
        ],
      },
      {
        title: 'Memory',
        panels: [
          timeSeries({
            title: 'Heap',
            description: 'Used by objects. A level that rises after every collection is a leak.',
            unit: 'bytes',
            queries: [line(ofProcess(runtime.heapUsed), ...PROCESS)],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Memory of the process',
            description: 'Resident: heap, buffers and everything else.',
            unit: 'bytes',
            queries: [line(ofProcess(catalogue.processMemoryUsage), ...PROCESS)],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Spaces of the heap',
            description: 'Size of each space of V8, all processes together.',
            unit: 'bytes',
            stacked: true,
            queries: [
              line(sumBy(['v8js.heap.space.name'], series(runtime.heapSize, undefined, OF)), 'v8js.heap.space.name'),
            ],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Garbage collection',
            description: 'How long the program stood still for one collection.',
            unit: 's',
            queries: percentiles(P50_P90_P99, rate(series(runtime.garbageCollection, 'bucket', OF), RATE)),
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Time spent in garbage collection',
            description: 'Seconds per second, by kind. Above a tenth, memory is short.',
            unit: 'percentunit',
            stacked: true,
            queries: [
              line(sumBy(['v8js.gc.type'], rate(series(runtime.garbageCollection, 'sum', OF), RATE)), 'v8js.gc.type'),
            ],
            needs: NEEDS,
          }),
        ],
      },
      {
        title: 'CPU and handles',
        panels: [
          timeSeries({
            title: 'CPU',
            description: 'Cores in use, by process and kind.',
            unit: 'short',
            stacked: true,
            queries: [
              line(
                sumBy([...PROCESS, 'cpu.mode'], rate(series(catalogue.processCpuTime, undefined, OF), RATE)),
                ...PROCESS,
                'cpu.mode',
              ),
            ],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Share of the CPUs',
            description: 'CPU time over the time that passed, of all CPUs that the process may use.',
            unit: 'percentunit',
            min: 0,
            queries: [line(sumBy(PROCESS, series(catalogue.processCpuUtilization, undefined, OF)), ...PROCESS)],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Threads and open files',
            description:
              'Threads and file descriptors of each process. Descriptors that only rise are sockets or files left open.',
            unit: 'short',
            queries: [
              { ...line(ofProcess(catalogue.processThreadCount), ...PROCESS), legend: 'threads {{job}} {{instance}}' },
              {
                ...line(ofProcess(catalogue.processFileDescriptorCount), ...PROCESS),
                legend: 'files {{job}} {{instance}}',
              },
            ],
            needs: `${NEEDS} Linux alone tells these.`,
          }),
          timeSeries({
            title: 'Uptime of the process',
            description: 'Since its start. A saw is a process that ends again and again.',
            unit: 's',
            queries: [line(ofProcess(catalogue.processUptime), ...PROCESS)],
            needs: NEEDS,
          }),
          timeSeries({
            title: 'Open handles',
            description:
              'What keeps the process busy or alive: sockets, timers, files. A level that only rises is a leak.',
            unit: 'short',
            stacked: true,
            queries: [
              line(sumBy(['v8js.resource.type'], series(runtime.activeResources, undefined, OF)), 'v8js.resource.type'),
            ],
            needs: NEEDS,
          }),
        ],
      },
    ],
  };
}
