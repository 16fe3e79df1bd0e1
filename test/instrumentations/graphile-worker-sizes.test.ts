import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Receiver } from '../helpers/receiver.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { useApp, VERSIONS } from './graphile-worker-app.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('graphile-worker $version', ({ alias }) => {
  const app = useApp(alias, createDatabase);

  it('tells how many jobs there are in each state, and the age of the oldest that waits', async () => {
    const SIZE = 'gaugeway.job.queue.size';
    let isSeen = () => false;
    const looked = createServer(async (_, response) => {
      while (!isSeen()) await sleep(50);
      response.end();
    });
    await new Promise<void>((resolve) => looked.listen(0, '127.0.0.1', resolve));
    const env = {
      ROLE: 'sizes',
      GAUGEWAY_QUEUE_POLL_INTERVAL_MS: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '2000',
      OTEL_METRIC_EXPORT_TIMEOUT: '2000',
      LOOKED_URL: `http://127.0.0.1:${(looked.address() as AddressInfo).port}`,
    };
    const receivers: Receiver[] = [];
    isSeen = () => receivers.some((receiver) => receiver.total(SIZE, { 'gaugeway.job.state': 'active' }) === 1);
    try {
      await app.measured(
        { form: 'mjs' },
        env,
        (receiver) => {
          const queue = { 'gaugeway.job.system.name': 'graphile_worker', 'gaugeway.job.queue.name': 'graphile_worker' };
          const size = (state: string) => receiver.points(SIZE, { ...queue, 'gaugeway.job.state': state })[0]?.value;
          expect(size('delayed')).toBe(1);
          expect(size('failed')).toBe(1);
          expect(size('active')).toBeTypeOf('number');
          expect(receiver.total('gaugeway.orchestrator.errors')).toBe(0);
          const ages = receiver.points('gaugeway.job.queue.oldest_age', queue);
          expect(ages.map(({ attributes }) => attributes['gaugeway.job.state'])).toEqual(['waiting']);
          // Asking is nobody's work.
          expect(receiver.spans.filter(({ name }) => !/^(send|process) /.test(name))).toEqual([]);
        },
        (receiver) => receivers.push(receiver),
      );
    } finally {
      looked.close();
    }
  });
});
