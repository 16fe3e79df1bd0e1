// What the monitor costs: taking in an observation, recording by hand, tracking an operation; and what it holds.
import { PerformanceMonitor } from '../dist/src/monitor/index.js';
import { publish } from '../dist/src/observe.js';
import { compare, heapUsed, interleave, isQuick, report, time } from './rounds.mjs';

const COUNT = isQuick ? 500_000 : 2_000_000;
const CALLS = isQuick ? 100_000 : 300_000;
const ROUNDS = isQuick ? 5 : 15;
const names = Array.from({ length: 50 }, (_, i) => `operation.${i}`);
/** Durations as of a real operation: most near 20 ms, a long tail. */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const durations = Float64Array.from({ length: 4096 }, () => 20 * Math.exp(0.5 * normal()));

const monitor = new PerformanceMonitor();
const kept = names.map((name) => ({ kind: 'operation', name, startTime: 0.5, durationMs: 0.5, errorType: undefined }));
let startTime = Date.now();
/** The same few objects again and again: what a recorder makes is not what is measured here. */
function observation(i) {
  const one = kept[i % names.length];
  one.durationMs = durations[i & 4095];
  one.startTime = startTime;
  return one;
}
let sum = 0;
const read = (i) => {
  sum += observation(i).durationMs;
};
const cases = {
  observation: [read, (i) => publish(observation(i))],
  'record(operation, durationMs)': [read, (i) => monitor.record(observation(i).name, durations[i & 4095])],
};
const figures = {};
for (const [name, [bare, measured]] of Object.entries(cases)) {
  const run = (work) => {
    startTime = Date.now();
    return time(COUNT, work);
  };
  figures[name] = interleave(ROUNDS, { bare: () => run(bare), measured: () => run(measured) });
}
figures['a look at the clock'] = interleave(ROUNDS, {
  bare: () => time(COUNT, read),
  measured: () =>
    time(COUNT, (i) => {
      read(i);
      sum += Date.now();
    }),
});

const noop = async () => undefined;
async function timeAsync(work) {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / CALLS;
}
const tracked = () => monitor.trackOperation('noop', noop);
const tracking = [];
for (let round = -2; round < ROUNDS; round++) {
  const one = { before: await timeAsync(noop), measured: await timeAsync(tracked), after: await timeAsync(noop) };
  if (round >= 0) tracking.push(one);
}
figures['trackOperation, async no-op'] = compare(tracking);

/** Bytes that are allocated for each observation, when everything there will ever be is there. */
function allocated() {
  const count = 50_000;
  for (let i = 0; i < count; i++) publish(observation(i));
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) publish(observation(i));
  return (process.memoryUsage().heapUsed - before) / count;
}
startTime = Date.now();
const allocatedBytes = Math.max(0, Math.min(allocated(), allocated(), allocated()));

const held = () => heapUsed() + process.memoryUsage().arrayBuffers;
/** What some operations hold, each recorded ten times a fifth of a second, when the window of an hour is full, and later. */
function memory(operations, spread, minutesMore) {
  let [monotonic, unix] = [0, 1.8e12];
  const clock = { monotonic: () => monotonic, unix: () => unix };
  const before = held();
  const own = new PerformanceMonitor({ clock, observe: false });
  const record = (minutes) => {
    for (let step = 0; step < minutes * 60 * 5; step++) {
      monotonic += 200;
      unix += 200;
      for (let i = 0; i < operations * 10; i++) own.record(names[i % operations], 20 * Math.exp(spread * normal()));
    }
    return held() - before;
  };
  const first = record(66);
  const growth = record(minutesMore) - first;
  return { count: [...own.getStats().values()].reduce((all, { count }) => all + count, 0), bytes: first, growth };
}

/** The longest turn of an event loop that records ten million times, ten thousand a turn. */
async function stalls() {
  let longest = 0;
  const total = isQuick ? 1_000_000 : 10_000_000;
  const before = held();
  for (let done = 0; done < total; done += 10_000) {
    const from = performance.now();
    for (let i = 0; i < 10_000; i++) monitor.record(names[i % 50], durations[i & 4095]);
    longest = Math.max(longest, performance.now() - from);
    await new Promise(setImmediate);
  }
  return { total, longestMs: longest, growth: held() - before };
}

// What a monitor holds by itself is in both.
const [few, many] = [memory(5, 0.5, 0), memory(20, 0.5, isQuick ? 10 : 110)];
const ofOperation = {
  count: many.count,
  growth: many.growth,
  perOperation: (many.bytes - few.bytes) / 15,
  widelySpread: (memory(20, 0.8, 0).bytes - memory(5, 0.8, 0).bytes) / 15,
};
report({ figures, allocatedBytes, memory: ofOperation, stalls: await stalls(), sum });
