import { afterAll, beforeAll, describe } from 'vitest';
import { describeApplications } from '../fixtures/bullmq/real.ts';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { NODES } from '../helpers/run-app.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe('BullMQ 6 on Postgres', () => {
  describeApplications({}, NODES, async () => ({
    connectionString: await postgres.createDatabase(),
    migrate: true,
  }));
});
