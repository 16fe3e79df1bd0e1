import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Boss, startVersion, type VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

/** Options of a worker that asks as often as pg-boss lets it. */
export const FAST = { pollingIntervalSeconds: 0.5 };

/** What a test finds. */
interface Here {
  started: Awaited<ReturnType<typeof startVersion>>;
  boss: Boss;
  /** Asks the same database. */
  sql: Client;
  recording: Recording;
  /** A queue of the test's own. */
  queue: string;
}

/** A hooked pg-boss for the tests of a block; look into the result when a test runs. */
export function useBoss(version: (typeof VERSIONS)[number], createDatabase: () => Promise<string>): Readonly<Here> {
  const here = {} as Here;
  let number = 0;
  beforeAll(async () => {
    const url = await createDatabase();
    here.started = await startVersion(version, url);
    here.boss = here.started.boss;
    here.sql = new Client(url);
    here.sql.on('error', () => {});
    await here.sql.connect();
  });
  afterAll(async () => {
    await here.started.stop();
    await here.sql.end();
  });
  beforeEach(async () => {
    here.recording = startRecording();
    here.queue = `queue-${++number}`;
    await here.boss.createQueue(here.queue, { name: here.queue, retryLimit: 0 });
  });
  afterEach(async () => {
    await here.boss.offWork(here.queue);
    here.recording.stop();
  });
  return here;
}
