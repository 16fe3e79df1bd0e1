import { Queue, Worker } from 'bullmq';
import { takeTurns } from './jobs-turn.mjs';

const connection = { host: '127.0.0.1', port: Number(process.env.BENCH_REDIS_PORT), maxRetriesPerRequest: null };
const options = { connection };
if (process.env.BENCH_SETUP === 'bullmq-otel') {
  const { BullMQOtel } = await import('bullmq-otel');
  options.telemetry = new BullMQOtel({ tracerName: 'bench', meterName: 'bench', enableMetrics: true });
}
const name = `bench-${process.pid}`;
const queue = new Queue(name, { ...options, defaultJobOptions: { removeOnComplete: true } });
const worker = new Worker(name, async () => {}, { ...options, concurrency: 10 });
await worker.waitUntilReady();
takeTurns({
  send: (index) => queue.add('no-op', { index }),
  onDone: (done) => worker.on('completed', done),
});
