import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MetricsStorage } from 'gaugeway/storage';
import { describe, expect, it } from 'vitest';
import { startReceiver } from '../helpers/receiver.ts';
import { NODES, nodePath, REGISTER, runApp, writeApp } from '../helpers/run-app.ts';
import { atEnd, folder } from './folder.ts';

function rowsOf(path: string): { operation: string; rows: number }[] {
  const file = new DatabaseSync(path);
  const rows = file
    .prepare('SELECT operation, count(*) AS rows FROM metrics GROUP BY operation ORDER BY operation')
    .all();
  file.close();
  return rows.map((row) => ({ ...row })) as never;
}

const IMPORT = `import { MetricsStorage } from 'gaugeway/storage';`;
const OPEN = `${IMPORT} const storage = new MetricsStorage(process.env.DB);`;
const WRITE = `for (let i = 0; i < 1000; i++) storage.insertMetric('op', { duration: i });`;

describe.each(NODES)('Node %s', (node) => {
  it.each([
    ['at its natural end', '', 0],
    ['that exits', 'process.exit(3);', 3],
    ['that throws', "throw new Error('no');", 1],
  ])('a process %s has written everything, and is not kept alive', async (_, ending, code) => {
    const db = join(folder(), 'metrics.db');
    const end = await runApp({ node, source: `${OPEN}\n${WRITE}\n${ending}`, env: { DB: db } });
    expect(end.code).toBe(code);
    expect(end.stdout).toBe('');
    expect(end.stderr).not.toMatch(/gaugeway|ExperimentalWarning/);
    expect(rowsOf(db)).toEqual([{ operation: 'op', rows: 1000 }]);
    // The last one to leave puts everything into the one file.
    expect(readdirSync(join(db, '..'))).toEqual(['metrics.db']);
  });
});

describe('processes and threads', () => {
  it('share one file that they make together, and no row is lost', async () => {
    const db = join(folder(), 'metrics.db');
    const source = `${OPEN}
      import { Worker, isMainThread } from 'node:worker_threads';
      import { setTimeout as sleep } from 'node:timers/promises';
      if (isMainThread) new Worker(new URL(import.meta.url));
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 100; i++) storage.insertMetric(isMainThread ? 'main' : 'worker', { duration: i });
        storage.getAggregatedStats();
        await sleep(5);
      }
      storage.close();`;
    const runs = await Promise.all(Array.from({ length: 4 }, () => runApp({ source, env: { DB: db } })));
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(runs.map(() => ({ code: 0, stderr: '' })));
    expect(rowsOf(db)).toEqual([
      { operation: 'main', rows: 4000 },
      { operation: 'worker', rows: 4000 },
    ]);
  });

  it('see what another process has written', async () => {
    const db = join(folder(), 'metrics.db');
    const storage = new MetricsStorage(db);
    atEnd(() => storage.close());
    storage.insertMetric('here', { duration: 1 });
    await runApp({ source: `${OPEN}\n${WRITE}`, env: { DB: db } });
    expect(storage.getAggregatedStats('op').totalCount).toBe(1000);
    expect(storage.getAggregatedStats('here').totalCount).toBe(1);
  });

  it('lose at most the last moment of a process that is killed, and the file stays whole', async () => {
    const db = join(folder(), 'metrics.db');
    const app = writeApp(`${OPEN}\nsetInterval(() => storage.insertMetric('op', { duration: 1 }), 1);
      setTimeout(() => console.log(storage.getAggregatedStats().totalCount), 500);`);
    const child = spawn(nodePath('24'), [app], { env: { DB: db }, stdio: ['ignore', 'pipe', 'inherit'] });
    const [seen] = await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const file = new DatabaseSync(db);
    expect(file.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    file.close();
    expect(rowsOf(db)[0]?.rows).toBeGreaterThanOrEqual(Number(seen));
  });

  it('do not wait while another one holds the file, and lose nothing when it lets go', async () => {
    const db = join(folder(), 'metrics.db');
    const storage = new MetricsStorage(db, { writeDelayMs: 1 });
    atEnd(() => storage.close());
    storage.insertMetric('first', { duration: 1 });
    expect(storage.getMetrics('first')).toHaveLength(1);
    const other = new DatabaseSync(db);
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const until = Date.now() + 300;
    while (Date.now() < until) {
      storage.insertMetric('held', { duration: 1 });
      turns++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    other.exec('ROLLBACK');
    other.close();
    expect(storage.getMetrics('held')).toHaveLength(turns);
  });
});

describe('a file that cannot be used', () => {
  const READ = `storage.insertMetric('op', { duration: 1 });
    console.log(storage.getAggregatedStats().totalCount, storage.getSize() > 0);`;

  async function run(db: string, source: string, flags: readonly string[] = []) {
    const { code, stdout, stderr } = await runApp({ source: `${OPEN}\n${source}`, env: { DB: db }, flags });
    return { code, stdout: stdout.trim(), lines: stderr.trim().split('\n') };
  }

  it('that is no database is left as it is, and memory takes its place with one warning', async () => {
    const db = join(folder(), 'metrics.db');
    writeFileSync(db, 'this is a letter, not a database. '.repeat(100));
    const { code, stdout, lines } = await run(db, READ);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 true' });
    expect(lines).toEqual([expect.stringMatching(/^gaugeway: storage .*metrics\.db cannot be used.*in memory/)]);
    expect(() => rowsOf(db)).toThrow(/not a database/);
  });

  it('that lies nowhere', async () => {
    const { code, stdout, lines } = await run(join(folder(), 'missing/metrics.db'), READ);
    expect({ code, stdout, lines: lines.length }).toEqual({ code: 0, stdout: '1 true', lines: 1 });
  });

  it('that may only be read', async () => {
    const db = join(folder(), 'metrics.db');
    new MetricsStorage(db).close();
    const { code, stdout, lines } = await run(`file:${db}?mode=ro`, READ);
    expect({ code, stdout, lines: lines.length }).toEqual({ code: 0, stdout: '1 true', lines: 1 });
    expect(lines[0]).toMatch(/readonly/);
  });

  it('that breaks later: what waits goes to memory', async () => {
    const { code, stdout, lines } = await run(
      join(folder(), 'metrics.db'),
      `import { DatabaseSync } from 'node:sqlite';
      storage.insertMetric('op', { duration: 1 });
      storage.getMetrics('op');
      new DatabaseSync(process.env.DB).exec('DROP TABLE metrics');
      for (let i = 0; i < 700; i++) storage.insertMetric('op', { duration: 1 });
      console.log(storage.getAggregatedStats().totalCount, storage.getSize() > 0);`,
      ['--disable-warning=ExperimentalWarning'],
    );
    expect({ code, stdout, lines: lines.length }).toEqual({ code: 0, stdout: '700 true', lines: 1 });
    expect(lines[0]).toMatch(/no such table/);
  });

  it('that the disk has no room for', async () => {
    const app = writeApp(`${OPEN}
      let sent = 0;
      while (sent < 20_000) {
        for (let i = 0; i < 100; i++, sent++) storage.insertMetric('op', { duration: 1, context: { text: 'x'.repeat(100) } });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      console.log(storage.getAggregatedStats().totalCount > 0);`);
    // A limit of this shell on the size of files is what a full disk is to SQLite.
    const shell = `trap '' XFSZ; ulimit -f 1000; exec '${nodePath('24')}' '${app}'`;
    const child = spawn('bash', ['-c', shell], {
      env: { DB: join(folder(), 'metrics.db') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map((stream) => stream.toArray()));
    expect(String(stdout)).toBe('true\n');
    expect(String(stderr)).toMatch(/^gaugeway: storage [^\n]*in memory alone[^\n]*\n$/);
  });
});

it.each(NODES)('the size of the storage is a gauge, and its thread exports nothing: Node %s', async (node) => {
  const receiver = await startReceiver();
  atEnd(() => void receiver.close());
  const db = join(folder(), 'metrics.db');
  const { code, stderr } = await runApp({
    node,
    flags: REGISTER,
    source: `${OPEN}\n${WRITE}\nstorage.getAggregatedStats();`,
    env: { ...receiver.env, DB: db },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const points = receiver.points('gaugeway.monitor.storage.size');
  expect(points).toHaveLength(1);
  expect(points[0]?.value).toBeGreaterThan(8000);
});

it('a bundle without the file of the thread is told what to do', async () => {
  const { build } = await import('esbuild');
  const out = writeApp('');
  await build({
    stdin: { contents: `${IMPORT} new MetricsStorage('a.db');`, resolveDir: join(import.meta.dirname, '../..') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: out,
    external: ['@opentelemetry/*'],
  });
  const { code, stderr } = await runApp({ file: out });
  expect(code).toBe(1);
  expect(stderr).toMatch(/leave gaugeway out of the bundle/);
});
