import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, eventually, hook, LIBRARIES, told } from '../fixtures/bullmq/bed.ts';
import { describeBehaviour } from '../fixtures/bullmq/behaviour.ts';
import { describeApplications } from '../fixtures/bullmq/real.ts';
import { startRecording } from '../recorders/recording.ts';
import { freePorts } from './servers/process.ts';
import { type Redis, startRedis } from './servers/redis.ts';

let redis: Redis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const MAJORS = [
  { major: 5, packages: { bullmq: 'bullmq-5' } },
  { major: 6, packages: {} },
] as const;

describe.each(MAJORS)('BullMQ $major on Redis', ({ major, packages }) => {
  const connection = () => ({ host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null });
  describeBehaviour(() => ({ library: LIBRARIES[major], connection: connection() }));

  let lastDatabase = 0;
  describeApplications(packages, ['24'], async () => ({ ...connection(), db: ++lastDatabase }));

  it('faults of a broker that is not there are counted where they show, and once', async () => {
    const recording = startRecording();
    const library = LIBRARIES[major];
    const restore = hook(library);
    const { port } = await freePorts(['port']);
    const bed = new Bed({ library, connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null } });
    const seen = new Set<unknown>();
    const worker = bed.worker(async () => {});
    worker.on('error', (error) => seen.add(error));
    try {
      await eventually(() => told(recording, 'orchestrator_error', bed.name).length > 1);
      const faults = told(recording, 'orchestrator_error', bed.name);
      expect(faults[0]).toMatchObject({ system: 'bullmq', component: 'worker', errorType: 'ECONNREFUSED' });
      expect(faults.length).toBe(seen.size);
    } finally {
      worker.disconnect();
      restore();
      recording.stop();
    }
  });
});
