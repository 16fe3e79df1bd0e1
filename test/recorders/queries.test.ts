import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { modelCalls, queries } from '../../src/index.ts';
import { type Collected, startCollecting } from '../metrics/collected.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
let collected: Collected;
beforeEach(() => {
  recording = startRecording();
  collected = startCollecting();
});
afterEach(async () => {
  await collected.stop();
  recording.stop();
});

it('a query that has ended is a point by the convention, and slow above its threshold', async () => {
  queries.record({ operation: 'findMany', collection: 'User' }, { durationMs: 50 });
  queries.record(
    { operation: 'findMany', collection: 'User', system: 'postgresql' },
    { durationMs: 51, errorType: 'X' },
  );
  const user = { 'db.operation.name': 'findMany', 'db.collection.name': 'User' };
  expect((await collected.points('db.client.operation.duration')).map(({ attributes }) => attributes)).toEqual([
    { ...user, 'db.system.name': 'other_sql' },
    { ...user, 'db.system.name': 'postgresql', 'error.type': 'X' },
  ]);
  expect(await collected.points('gaugeway.db.slow_queries')).toMatchObject([{ value: 1, attributes: user }]);
  expect(recording.spans()).toEqual([]);
});

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('a duration of %s is refused and counted', async (durationMs) => {
  queries.record({ operation: 'SELECT' }, { durationMs });
  expect(recording.observations).toEqual([]);
  expect(recording.dropped).toEqual(['invalid_value']);
});

it('a name that is none costs the name, not the query', () => {
  queries.record({ operation: 7 as never, collection: '', system: null as never }, { durationMs: 1 });
  expect(recording.observations).toMatchObject([{ system: 'other_sql', operation: undefined, collection: undefined }]);
});

it.each([undefined, null, 7])('a query that is described by %s runs, and one without an end is refused', (details) => {
  expect(queries.run(details as never, () => 7)).toBe(7);
  queries.record(details as never, { durationMs: 1 });
  queries.record({}, details as never);
  expect(recording.observations).toMatchObject([{ system: 'other_sql' }, { system: 'other_sql', durationMs: 1 }]);
  expect(recording.dropped).toEqual(['invalid_value']);
});

it('a query that runs gets a span, and its failure keeps its error', async () => {
  const failure = new RangeError('no');
  const run = queries.run({ system: 'mysql', operation: 'SELECT', collection: 'jobs' }, async () => {
    throw failure;
  });
  await expect(run).rejects.toBe(failure);
  expect(queries.run({}, () => 7)).toBe(7);
  expect(recording.observations).toMatchObject([
    { kind: 'db_query', system: 'mysql', operation: 'SELECT', collection: 'jobs', errorType: 'RangeError' },
    { kind: 'db_query', system: 'other_sql', errorType: undefined },
  ]);
  const [span, plain] = recording.spans();
  expect(span).toMatchObject({ name: 'SELECT jobs', kind: SpanKind.CLIENT, status: { code: SpanStatusCode.ERROR } });
  expect(plain?.name).toBe('other_sql');
});

it('hits and misses of a response cache are counted by model', async () => {
  const model = { provider: 'openai', model: 'gpt-4o' };
  modelCalls.cache('hit', model);
  modelCalls.cache('hit', model);
  modelCalls.cache('miss', { ...model, operation: 'embeddings' });
  const named = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };
  expect(await collected.points('gaugeway.model.cache')).toMatchObject([
    { value: 2, attributes: { ...named, 'gen_ai.operation.name': 'chat', 'gaugeway.cache.result': 'hit' } },
    { value: 1, attributes: { ...named, 'gen_ai.operation.name': 'embeddings', 'gaugeway.cache.result': 'miss' } },
  ]);
  expect(await collected.points('gen_ai.client.operation.duration')).toEqual([]);
});
