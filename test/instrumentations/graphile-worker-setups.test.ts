import { describe, expect, it } from 'vitest';
import { runApp } from '../helpers/run-app.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { useApp, VERSIONS } from './graphile-worker-app.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('graphile-worker $version', ({ alias }) => {
  const app = useApp(alias, createDatabase);

  it('gives up the runs that outlive it', async () => {
    const file = app.write(
      'outlive.mjs',
      `import { setTimeout as sleep } from 'node:timers/promises';
      import { observe } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      const handle = setup();
      const { Logger, run } = await import('graphile-worker');
      const seen = [];
      const note = (what) => ({ kind }) => kind === 'job_run' && seen.push(what);
      observe({ started: note('started'), ended: note('ended'), observed: note('told') });
      let finish;
      const handled = new Promise((resolve) => { finish = resolve; });
      const runner = await run({
        connectionString: process.env.DATABASE_URL, logger: new Logger(() => () => {}), noHandleSignals: true,
        pollInterval: 50, taskList: { long: () => handled },
      });
      await runner.addJob('long', {});
      while (seen.length === 0) await sleep(10);
      await handle.shutdown();
      finish();
      await runner.stop();
      console.log(seen.join());`,
    );
    const env = {
      DATABASE_URL: await createDatabase(),
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
    };
    expect(await runApp({ file, env })).toMatchObject({ code: 0, stdout: 'started,ended\n', stderr: '' });
  });

  it('is measured again by a set-up that follows another one, with the same options', async () => {
    const file = app.write(
      'again.mjs',
      `import { setTimeout as sleep } from 'node:timers/promises';
      import { observe } from 'gaugeway';
      import { setup } from 'gaugeway/setup';
      const first = setup();
      const { Logger, makeWorkerUtils, run } = await import('graphile-worker');
      const pool = { connectionString: process.env.DATABASE_URL, logger: new Logger(() => () => {}) };
      let finished = 0;
      const options = { ...pool, noHandleSignals: true, pollInterval: 50, taskList: { short: async () => { finished++; } } };
      const utils = await makeWorkerUtils(pool);
      await utils.migrate();
      async function work() {
        const seen = [];
        const stop = observe({ observed: ({ kind }) => seen.push(kind) });
        const before = finished;
        const runner = await run(options);
        await runner.addJob('short', {});
        await utils.addJob('short', {});
        while (finished < before + 2) await sleep(10);
        await runner.stop();
        stop();
        console.log(seen.sort().join());
      }
      await work();
      await first.shutdown();
      await work();
      const second = setup();
      await work();
      await second.shutdown();
      await utils.release();`,
    );
    const env = {
      DATABASE_URL: await createDatabase(),
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
    };
    const seen = 'job_run,job_run,job_submission,job_submission\n';
    expect(await runApp({ file, env })).toMatchObject({ code: 0, stdout: `${seen}\n${seen}`, stderr: '' });
  });
});
