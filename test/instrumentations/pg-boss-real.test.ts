import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppFolder, makeAppFolder } from '../helpers/app-folder.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const MAJORS = [
  { major: 10, alias: 'pg-boss-10', esm: "import PgBoss from 'pg-boss';", cjs: "const PgBoss = require('pg-boss');" },
  { major: 11, alias: 'pg-boss-11', esm: "import PgBoss from 'pg-boss';", cjs: "const PgBoss = require('pg-boss');" },
  {
    major: 12,
    alias: 'pg-boss',
    esm: "import { PgBoss } from 'pg-boss';",
    cjs: "const { PgBoss } = require('pg-boss');",
  },
];

describe.each(MAJORS)('pg-boss $major on a real Postgres', ({ alias, esm, cjs }) => {
  let folder: AppFolder;
  let files: Record<'mjs' | 'cjs', string>;
  beforeAll(() => {
    folder = makeAppFolder({ 'pg-boss': alias });
    folder.write('life.mjs', readFileSync(join(ROOT, 'test/fixtures/pg-boss/life.mjs'), 'utf8'));
    files = {
      mjs: folder.write('app.mjs', `${esm}\nimport { run } from './life.mjs';\nawait run(PgBoss);\n`),
      cjs: folder.write('app.cjs', `${cjs}\nimport('./life.mjs').then(({ run }) => run(PgBoss));\n`),
    };
  });
  afterAll(() => folder.remove());

  it.each(['mjs', 'cjs'] as const)('is measured without a change, loaded as .%s', async (form) => {
    const file = files[form];
    const plain = await runApp({ file, env: { DATABASE_URL: await postgres.createDatabase() } });
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    const receiver = await startReceiver();
    try {
      const DATABASE_URL = await postgres.createDatabase();
      const end = await runApp({ file, flags: REGISTER, env: { ...receiver.env, DATABASE_URL } });
      expect(end).toMatchObject({ code: 0, stderr: '', stdout: plain.stdout });
      const life = { 'gaugeway.job.system.name': 'pg_boss', 'gaugeway.job.queue.name': 'life' };
      expect(receiver.total('gaugeway.job.submissions', life)).toBe(2);
      expect(receiver.total('gaugeway.job.run.duration', life)).toBe(3);
      expect(receiver.total('gaugeway.job.run.duration', { ...life, 'error.type': 'RangeError' })).toBe(1);
      expect(receiver.total('gaugeway.job.retries', life)).toBe(1);
      expect(receiver.total('gaugeway.job.duration', { ...life, 'gaugeway.job.result': 'success' })).toBe(2);
      expect(receiver.total('gaugeway.job.wait_time', life)).toBe(3);
      expect(receiver.total('gaugeway.job.run.active', life)).toBe(0);
      const sends = receiver.spans.filter(({ name }) => name === 'send life');
      const runs = receiver.spans.filter(({ name }) => name === 'process life');
      expect([sends.length, runs.length]).toEqual([2, 3]);
      for (const { traceId, parentSpanId } of runs) {
        expect(sends).toContainEqual(expect.objectContaining({ traceId, spanId: parentSpanId }));
      }
      const [failed] = runs.filter(({ status }) => status === 2);
      expect(failed?.attributes).toMatchObject({ 'error.type': 'RangeError', 'gaugeway.job.attempt': 1 });
      expect(JSON.stringify(receiver.requests)).not.toContain('secret');
    } finally {
      await receiver.close();
    }
  });

  it('counts one stall and one more run of a job whose worker was killed', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    const victim = await runApp({
      file: files.mjs,
      flags: REGISTER,
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none', DATABASE_URL, ROLE: 'victim' },
      onStdout: (text, kill) => text.includes('running') && kill('SIGKILL'),
    });
    expect(victim).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    const receiver = await startReceiver();
    try {
      const env = { ...receiver.env, DATABASE_URL, ROLE: 'rescuer' };
      const end = await runApp({ file: files.mjs, flags: REGISTER, env });
      expect(end).toMatchObject({ code: 0, stderr: '' });
      expect(receiver.points('gaugeway.job.stalls')).toMatchObject([
        { attributes: { 'gaugeway.job.stall.reason': 'timeout', 'gaugeway.job.queue.name': 'life' }, value: 1 },
      ]);
      expect(receiver.total('gaugeway.job.run.duration')).toBe(1);
      expect(receiver.total('gaugeway.job.run.duration', { 'gaugeway.job.result': 'success' })).toBe(1);
      expect(receiver.total('gaugeway.job.run.active')).toBe(0);
      const [run] = receiver.spans.filter(({ name }) => name === 'process life');
      expect(run?.attributes).toMatchObject({ 'gaugeway.job.attempt': 2, 'gaugeway.job.result': 'success' });
    } finally {
      await receiver.close();
    }
  });
});
