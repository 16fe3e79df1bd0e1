import { describe, expect, it } from 'vitest';
import { REGISTER, runApp } from '../helpers/run-app.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { job, RUNS, SUCCESS, useApp, VERSIONS } from './graphile-worker-app.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('graphile-worker $version', ({ alias }) => {
  const app = useApp(alias, createDatabase);

  it('counts one stall and one more run of a job whose worker was killed', async () => {
    const DATABASE_URL = await createDatabase();
    const victim = await runApp({
      file: app.files.cjs,
      flags: REGISTER,
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none', DATABASE_URL, ROLE: 'victim' },
      onStdout: (text, kill) => text.includes('running') && kill('SIGKILL'),
    });
    expect(victim).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    await app.measured({ form: 'cjs' }, { DATABASE_URL, ROLE: 'rescuer' }, (receiver) => {
      expect(receiver.points('gaugeway.job.stalls')).toMatchObject([
        { attributes: job('life', { 'gaugeway.job.stall.reason': 'lock_lost' }), value: 1 },
      ]);
      expect(receiver.total(RUNS)).toBe(1);
      expect(receiver.total(RUNS, job('life', SUCCESS))).toBe(1);
      expect(receiver.total('gaugeway.job.run.active')).toBe(0);
      expect(receiver.total('gaugeway.job.wait_time'), 'nothing tells since when it was ready').toBe(0);
      const [run] = receiver.spans.filter(({ name }) => name === 'process life');
      expect(run?.attributes).toMatchObject({ 'gaugeway.job.attempt': 2, 'gaugeway.job.result': 'success' });
    });
  });

  it('ends the runs of a pool that is shut down by force, and counts its faults', async () => {
    await app.measured({ form: 'mjs' }, { ROLE: 'fault' }, (receiver) => {
      expect(receiver.points(RUNS)).toMatchObject([
        { attributes: job('hang', { 'gaugeway.job.result': 'cancellation', 'error.type': 'shutdown' }), count: 1 },
      ]);
      expect(receiver.total('gaugeway.job.run.active')).toBe(0);
      expect(receiver.points('gaugeway.orchestrator.errors')).toMatchObject([
        { attributes: { 'gaugeway.orchestrator.component': 'listener', 'error.type': '57P01' }, value: 1 },
      ]);
    });
  });
});
