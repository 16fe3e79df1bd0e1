// How many rows a second a storage takes on disk, and how long the event loop stands still while it does.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MetricsStorage } from '../dist/src/storage/index.js';
import { compare, isQuick, median, report } from './rounds.mjs';

const ROWS = isQuick ? 50_000 : 200_000;
const ROUNDS = isQuick ? 3 : 9;
/** Rows a second while the event loop is watched. */
const RATE = 50_000;
const WATCHED_MS = isQuick ? 1000 : 3000;

const folder = mkdtempSync(join(tmpdir(), 'gaugeway-bench-'));
const storage = new MetricsStorage(join(folder, 'metrics.db'));
const context = { route: '/users/:id', status: 200 };
const insert = (i) => storage.insertMetric(`operation-${i % 20}`, { duration: i % 100, context });
const turn = () => new Promise(setImmediate);

/** Rows a second from the first one to the last one on disk. */
async function throughput() {
  const before = storage.getAggregatedStats().totalCount;
  const start = performance.now();
  for (let i = 0; i < ROWS; i++) {
    insert(i);
    // What waits is bounded, and a read waits until it is written.
    if (i % 50_000 === 49_999) storage.getAggregatedStats('none');
  }
  const written = storage.getAggregatedStats().totalCount - before;
  if (written !== ROWS) throw new Error(`${ROWS - written} rows are missing`);
  return (ROWS / (performance.now() - start)) * 1000;
}

/** The longest turns of the event loop in ms: of a hundred, and of all. */
async function stalls(work) {
  const gaps = [];
  let sent = 0;
  const start = performance.now();
  for (let last = start; last - start < WATCHED_MS; ) {
    for (const due = ((last - start) * RATE) / 1000; sent < due; sent++) work(sent);
    await turn();
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  gaps.sort((a, b) => a - b);
  return { p99: gaps[Math.floor(gaps.length * 0.99)], longest: gaps.at(-1) };
}

const speeds = [];
for (let round = -1; round < ROUNDS; round++) {
  const speed = await throughput();
  if (round >= 0) speeds.push(speed);
}
const idle = () => undefined;
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  rounds.push({ before: await stalls(idle), measured: await stalls(insert), after: await stalls(idle) });
}
storage.close();
rmSync(folder, { recursive: true });
const of = (key) =>
  compare(
    rounds.map(({ before, measured, after }) => ({ before: before[key], measured: measured[key], after: after[key] })),
  );
report({ rowsPerSecond: median(speeds), p99: of('p99'), longest: of('longest') });
