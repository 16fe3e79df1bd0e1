import { afterAll, beforeAll, describe } from 'vitest';
import { LIBRARIES } from '../fixtures/bullmq/bed.ts';
import { describeBehaviour } from '../fixtures/bullmq/behaviour.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe('BullMQ 6 on Postgres', () => {
  const library = LIBRARIES[6];
  describeBehaviour(() => ({
    library,
    connection: { connectionString: postgres.url, migrate: true },
    backend: library.createPostgresBackend,
  }));
});
