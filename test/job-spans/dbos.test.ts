import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../helpers/postgres.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type NodeVersion, REGISTER, runApp } from '../helpers/run-app.ts';

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
let postgres: Postgres;
let modelUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  modelUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
  postgres = await startPostgres();
}, 120_000);
afterAll(async () => {
  model.close();
  await postgres?.stop();
});

async function run(node: NodeVersion, app: string, flags: readonly string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await runApp({
    node,
    file: `test/fixtures/dbos/${app}`,
    flags,
    env: { ...env, MODEL_URL: modelUrl, DATABASE_URL: await postgres.createDatabase() },
  });
  expect(code).toBe(0);
  expect(stderr).not.toContain('gaugeway');
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const SEEN = {
  order: { item: 'book', written: 'ok', tries: 2 },
  refused: 'RangeError: out of stock',
  later: 'later',
  patient: 'DBOSWorkflowCancelledError',
};

describe('workflows of DBOS', () => {
  it('run as they do without us', async () => {
    expect(await run('24', 'app.mjs', [], { DBOS_TRACES: 'off' })).toEqual(SEEN);
  }, 120_000);

  it.each<[NodeVersion, string, string]>([
    ['24', 'app.mjs', 'always_off'],
    ['22', 'app.cjs', 'parentbased_always_on'],
    ['26', 'app.mjs', 'parentbased_always_off'],
  ])(
    'are measured on Node %s in %s with the sampler %s',
    async (node, app, sampler) => {
      const receiver = await startReceiver();
      try {
        const env = { ...receiver.env, OTEL_TRACES_SAMPLER: sampler };
        expect(await run(node, app, REGISTER, env)).toEqual(SEEN);
        expectRuns(receiver);
        expectSteps(receiver);
        expect(receiver.total('gen_ai.client.operation.duration')).toBe(1);
        expect(receiver.total('gaugeway.job.run.active')).toBe(0);
        expect(receiver.points('gaugeway.self.dropped')).toEqual([]);
        if (sampler.endsWith('off')) expect(receiver.spans).toEqual([]);
        else expectOneTrace(receiver);
      } finally {
        await receiver.close();
      }
    },
    120_000,
  );
});

function expectRuns(receiver: Receiver): void {
  const told = receiver
    .points('gaugeway.job.run.duration')
    .map(({ attributes, count }) => [
      attributes['gaugeway.job.system.name'],
      attributes['gaugeway.job.name'],
      attributes['gaugeway.job.result'],
      attributes['error.type'],
      count,
    ]);
  expect(told.sort()).toEqual([
    ['dbos', 'later', 'success', undefined, 1],
    ['dbos', 'order', 'success', undefined, 1],
    ['dbos', 'patient', 'cancellation', undefined, 1],
    ['dbos', 'refuse', 'failure', '_OTHER', 1],
  ]);
}

function expectSteps(receiver: Receiver): void {
  const told = receiver
    .points('gaugeway.job.step.duration')
    .map(({ attributes, count }) => [
      attributes['gaugeway.job.name'],
      attributes['gaugeway.job.step.name'],
      attributes['gaugeway.job.step.type'],
      attributes['error.type'],
      count,
    ]);
  expect(told.sort()).toEqual([
    ['later', 'remember', 'step', undefined, 1],
    ['order', 'charge', 'step', undefined, 1],
    ['order', 'write', 'step', undefined, 1],
    ['patient', 'begin', 'step', undefined, 1],
    ['refuse', 'reserve', 'step', '_OTHER', 1],
  ]);
}

function expectOneTrace(receiver: Receiver): void {
  const byName = new Map(receiver.spans.map((span) => [span.name, span]));
  const [order, write, chat] = ['order', 'write', 'chat tiny'].map((name) => byName.get(name));
  expect(write?.parentSpanId).toBe(order?.spanId);
  expect(chat?.parentSpanId).toBe(write?.spanId);
  expect(receiver.spans.filter(({ name }) => name === 'order')).toHaveLength(1);
}
