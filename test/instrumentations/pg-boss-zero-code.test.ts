import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../helpers/run-app.ts';

const model = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: 'c1',
        model: 'tiny',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'ok' } }],
        usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
      }),
    );
  });
});
let modelUrl: string;
let plain: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  modelUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
  const { stdout, stderr } = await runApp({ file: 'test/fixtures/pg-boss/app.mjs', env: { MODEL_URL: modelUrl } });
  expect(stderr).toBe('');
  plain = stdout;
});
afterAll(() => model.close());

const APPS = ['app.mjs', 'app.cjs'] as const;

describe.each(NODES)('on Node %s', (node) => {
  it.each(node === '24' ? [...APPS, 'both.cjs'] : APPS)(
    '%s is measured without a change and sees what it would see without us',
    async (app) => {
      const receiver = await startReceiver();
      try {
        const end = await runApp({
          node,
          file: `test/fixtures/pg-boss/${app}`,
          flags: REGISTER,
          env: { ...receiver.env, MODEL_URL: modelUrl },
        });
        expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
        expect(JSON.parse(end.stdout)).toEqual(JSON.parse(plain));
        expectMetrics(receiver);
        expectSpans(receiver);
      } finally {
        await receiver.close();
      }
    },
    60_000,
  );
});

const RUNS = 'gaugeway.job.run.duration';

function expectMetrics(receiver: Receiver): void {
  const results = receiver.points(RUNS).map(({ attributes, count }) => ({
    queue: attributes['gaugeway.job.queue.name'],
    name: attributes['gaugeway.job.name'],
    system: attributes['gaugeway.job.system.name'],
    result: attributes['gaugeway.job.result'],
    error: attributes['error.type'],
    count,
  }));
  const run = (queue: string, result: string, error?: string, count = 1) => ({
    queue,
    name: queue,
    system: 'pg_boss',
    result,
    error,
    count,
  });
  const expected = [
    run('batch', 'success', undefined, 3),
    run('expiry', 'timeout', 'timeout'),
    run('failure', 'failure', 'RangeError'),
    run('metadata', 'success'),
    run('model', 'success'),
    run('retry', 'failure', 'TypeError'),
    run('retry', 'success'),
  ];
  expect(results).toHaveLength(expected.length);
  expect(results).toEqual(expect.arrayContaining(expected));
  const retry = { 'gaugeway.job.queue.name': 'retry' };
  expect(receiver.total('gaugeway.job.retries')).toBe(1);
  expect(receiver.total('gaugeway.job.retries', { ...retry, 'error.type': 'TypeError' })).toBe(1);
  expect(receiver.total('gaugeway.job.duration', retry)).toBe(1);
  expect(receiver.total('gaugeway.job.duration')).toBe(8);
  expect(receiver.total('gaugeway.job.wait_time')).toBe(9);
  expect(receiver.total('gaugeway.job.run.active')).toBe(0);
  const [expiry] = receiver.points(RUNS, { 'error.type': 'timeout' });
  expect(expiry?.sum).toBeGreaterThan(0.99);
  expect(expiry?.sum).toBeLessThan(1.4);
}

function expectSpans({ spans }: Receiver): void {
  const [job] = spans.filter(({ name }) => name === 'process model');
  const [call] = spans.filter(({ name }) => name === 'chat tiny');
  expect(job).toMatchObject({ kind: 5, scope: 'gaugeway', status: 0 });
  expect(job?.attributes).toMatchObject({ 'gaugeway.job.attempt': 1, 'gaugeway.job.result': 'success' });
  expect(call?.traceId).toBe(job?.traceId);
  expect(call?.parentSpanId).toBe(job?.spanId);
  const [failed] = spans.filter(({ name }) => name === 'process failure');
  expect(failed).toMatchObject({ status: 2, attributes: { 'error.type': 'RangeError' } });
  expect(spans.filter(({ kind }) => kind === 5)).toHaveLength(9);
}
