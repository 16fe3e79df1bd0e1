// Sends no-op jobs to BullMQ and works on them, a turn at a time, when the parent process says so.
import { Queue, Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.env.BENCH_REDIS_PORT), maxRetriesPerRequest: null };
const options = { connection };
if (process.env.BENCH_SETUP === 'bullmq-otel') {
  const { BullMQOtel } = await import('bullmq-otel');
  options.telemetry = new BullMQOtel({ tracerName: 'bench', meterName: 'bench', enableMetrics: true });
}
const name = `bench-${process.pid}`;
const queue = new Queue(name, { ...options, defaultJobOptions: { removeOnComplete: true } });
let onDone = () => {};
const worker = new Worker(name, async () => {}, { ...options, concurrency: 10 });
worker.on('completed', () => onDone());
await worker.waitUntilReady();

const AT_ONCE = 50;
process.on('message', async (count) => {
  let completed = 0;
  const all = new Promise((resolve) => {
    onDone = () => ++completed === count && resolve();
  });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => queue.add('no-op', { index })));
  }
  await all;
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send({ wallUs: (wallMs * 1000) / count, cpuUs: (user + system) / count });
});
process.once('disconnect', () => process.exit());
process.send('ready');
