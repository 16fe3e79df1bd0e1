/** The middle of the numbers; of an even count the mean of the two middle ones. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * What `measured` costs above `bare`, from rounds of bare, measured, bare: both bare runs of a round see the same
 * machine as the run between them, and what they differ by is the noise that the difference has to be read against.
 */
export function compare(rounds) {
  const above = rounds.map(({ before, measured, after }) => measured - (before + after) / 2);
  return {
    bare: median(rounds.map(({ before, after }) => (before + after) / 2)),
    above: median(above),
    ratio: median(rounds.map(({ before, measured, after }) => (2 * measured) / (before + after))),
    noise: median(rounds.map(({ before, after }) => Math.abs(after - before))),
    noiseRatio: median(rounds.map(({ before, after }) => after / before)),
    rounds,
  };
}

/** Interleaves two runs in this process; each returns its cost per operation. */
export function interleave(count, { bare, measured }) {
  bare();
  measured();
  bare();
  measured();
  const rounds = [];
  for (let round = 0; round < count; round++) rounds.push({ before: bare(), measured: measured(), after: bare() });
  return compare(rounds);
}

/** Nanoseconds of CPU per call of `work`, called `count` times: what others do on the machine is left out. */
export function time(count, work) {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) work(i);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

/** Bytes on the heap after everything unreachable is gone. */
export function heapUsed() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Hands a scenario's result to the process that started it. */
export function report(result) {
  process.stdout.write(JSON.stringify(result));
}

export const isQuick = process.env.BENCH_QUICK === '1';
