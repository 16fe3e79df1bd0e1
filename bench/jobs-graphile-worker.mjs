import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { takeTurns } from './jobs-turn.mjs';

const options = { connectionString: process.env.DATABASE_URL, logger: new Logger(() => () => {}) };
const utils = await makeWorkerUtils(options);
await utils.migrate();
let done = () => {};
const runner = await run(
  { ...options, concurrency: 10, maxPoolSize: 12, noHandleSignals: true, pollInterval: 500 },
  { 'no-op': async () => {} },
);
runner.events.on('job:complete', () => done());
takeTurns({
  send: (index) => utils.addJob('no-op', { index }),
  onDone(next) {
    done = next;
  },
});
