import { afterAll, beforeAll } from 'vitest';
import { type Postgres, startPostgres } from './postgres.ts';

/** `startPostgres()` for all tests of a file, which is stopped after them. */
export function usePostgres(): Pick<Postgres, 'createDatabase'> {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  return { createDatabase: () => postgres.createDatabase() };
}
