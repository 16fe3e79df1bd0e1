import { type Attributes, metrics, type ObservableResult } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { reportOnce } from './observe.ts';
import { VERSION } from './version.ts';

const MICROSECONDS = 1e6;
const USER: Attributes = { 'cpu.mode': 'user' };
const SYSTEM: Attributes = { 'cpu.mode': 'system' };

/**
 * Tells of event loop, garbage collection, heap, memory and CPU of this process, by the names of the semantic conventions;
 * returns the function that ends it. Needs the global MeterProvider; never keeps a process alive.
 */
export function startRuntimeMetrics(): () => void {
  const stopProcess = startProcessMetrics();
  let isStopped = false;
  let runtime: Instrumentation | undefined;
  // Loaded for those alone that want it.
  import('@opentelemetry/instrumentation-runtime-node').then(
    ({ RuntimeNodeInstrumentation }) => {
      if (isStopped) return;
      // Its meter is made before its collectors are: they take up the provider when it is handed to them.
      runtime = new RuntimeNodeInstrumentation({ enabled: false });
      runtime.setMeterProvider(metrics.getMeterProvider());
      runtime.enable();
    },
    (error: unknown) => reportOnce('the metrics of the runtime', error),
  );
  return () => {
    isStopped = true;
    runtime?.disable();
    stopProcess();
  };
}

function startProcessMetrics(): () => void {
  const meter = metrics.getMeter('gaugeway', VERSION);
  const memory = meter.createObservableUpDownCounter('process.memory.usage', {
    unit: 'By',
    description: 'Physical memory that the process holds.',
  });
  const cpu = meter.createObservableCounter('process.cpu.time', {
    unit: 's',
    description: 'Time that the process has computed, by mode.',
  });
  const tellMemory = (result: ObservableResult): void => result.observe(process.memoryUsage.rss());
  const tellCpu = (result: ObservableResult): void => {
    const { user, system } = process.cpuUsage();
    result.observe(user / MICROSECONDS, USER);
    result.observe(system / MICROSECONDS, SYSTEM);
  };
  memory.addCallback(tellMemory);
  cpu.addCallback(tellCpu);
  return () => {
    memory.removeCallback(tellMemory);
    cpu.removeCallback(tellCpu);
  };
}
