import { afterAll, beforeAll, describe } from 'vitest';
import { LIBRARIES } from '../fixtures/bullmq/bed.ts';
import { describeBehaviour } from '../fixtures/bullmq/behaviour.ts';
import { type Redis, startRedis } from './servers/redis.ts';

let redis: Redis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each([5, 6] as const)('BullMQ %i on Redis', (major) => {
  describeBehaviour(() => ({
    library: LIBRARIES[major],
    connection: { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null },
  }));
});
