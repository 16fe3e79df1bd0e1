import { PgBoss } from 'pg-boss';
import { takeTurns } from './jobs-turn.mjs';

const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, supervise: false, schedule: false });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('bench');
let done = () => {};
const workers = [];
// Woken after each batch: what is measured is jobs, not the time between two looks.
const wake = () => {
  for (const id of workers) boss.notifyWorker(id);
};
for (let index = 0; index < 2; index++) {
  const handler = async (jobs) => {
    setImmediate(wake);
    for (const _ of jobs) done();
  };
  workers.push(await boss.work('bench', { batchSize: 10, pollingIntervalSeconds: 0.5 }, handler));
}
takeTurns({
  async send(index) {
    await boss.send('bench', { index });
    wake();
  },
  onDone(next) {
    done = next;
  },
});
