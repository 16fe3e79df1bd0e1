// A job orchestrator: pg-boss on PGlite, a PostgreSQL inside of this process. The flag alone measures its jobs; the
// three calls of `jobs.step` name what happens inside of them:
//   node --import gaugeway/register examples/demo/orchestrator.ts
import { PGlite } from '@electric-sql/pglite';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { fromPglite, PgBoss } from 'pg-boss';
import { handlers } from './jobs.ts';

const database = new PGlite();
const boss = new PgBoss({ db: fromPglite(database), backend: 'pglite', useListenNotify: true });
boss.on('error', (error) => console.error(error));
await boss.start();

for (const [queue, handle] of Object.entries(handlers)) {
  await boss.createQueue(queue, { retryLimit: 2, retryDelay: 1, notify: true });
  await boss.work<object>(queue, { pollingIntervalSeconds: 0.5, localConcurrency: 4 }, async ([job]) => {
    if (job !== undefined) await handle(job.data);
  });
}

const app = new Hono();
app.post('/jobs/:queue', async (c) => {
  const queue = c.req.param('queue');
  if (!Object.hasOwn(handlers, queue)) return c.json({ error: `There is no queue "${queue}".` }, 404);
  return c.json({ id: await boss.send(queue, await c.req.json<object>()) }, 202);
});
// What runs is finished and nothing new is begun, as before a deployment.
app.post('/drain', async (c) => {
  await Promise.all(Object.keys(handlers).map((queue) => boss.offWork(queue, { wait: true })));
  return c.json({ drained: true });
});

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8788) }, ({ port }) =>
  console.log(`orchestrator at http://127.0.0.1:${port}`),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    server.close();
    await boss.stop({ timeout: 2000 });
    await database.close();
  });
}
