import { trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobs, modelCalls, operations, queries } from '../../src/index.ts';
import { type RunningRequest, requests } from '../../src/recorders/requests.ts';
import { startSubmission } from '../../src/recorders/submissions.ts';
import { OPENAI } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');

describe('what the application does wrong', () => {
  it('costs the span when its span processor throws, and never the work', () => {
    trace.disable();
    const onEnd = (): never => {
      throw new Error('exporter');
    };
    const processor = { onStart() {}, onEnd, forceFlush: async () => undefined, shutdown: async () => undefined };
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
    modelCalls.start(OPENAI).end();
    const job = jobs.start({ name: 'job' });
    job.startStep('step').end();
    job.startStep('step').discard();
    job.end();
    jobs.start({ name: 'job' }).discard();
    operations.run('work', () => undefined);
    queries.run({}, () => undefined);
    const request = (): RunningRequest | undefined => requests.start({ method: 'GET', identity: {} }, {});
    request()?.end({ statusCode: 200 });
    request()?.discard();
    startSubmission({ system: 'mine', jobs: [{ queue: undefined, name: 'job' }] }).discard();
    expect(recording.observations.map(({ kind }) => kind)).toEqual([
      'model_call',
      'job_step',
      'job_run',
      'operation',
      'db_query',
      'http_request',
    ]);
    expect(recording.dropped.filter((reason) => reason === 'hook_failed')).toHaveLength(10);
  });

  it.each([
    ['operations.run', (name: never) => operations.run(name, () => 42)],
    ['jobs.run', (name: never) => jobs.run(name, () => 42)],
    ['jobs.run with details', (name: never) => jobs.run({ name }, () => 42)],
    ['jobs.step', (name: never) => jobs.step(name, () => 42)],
    ['modelCalls.run', (provider: never) => modelCalls.run({ provider }, () => 42)],
    ['modelCalls.run without details', (details: never) => modelCalls.run(details, () => 42)],
  ])('is counted when %s is given no name, and the work runs', (_, run) => {
    for (const name of [undefined, null, '', 7, {}]) expect(run(name as never)).toBe(42);
    expect(recording.dropped).toEqual(Array(5).fill('invalid_value'));
    expect(recording.observations).toEqual([]);
    expect(recording.running.size).toBe(0);
  });

  it('is counted when a model is no name, and the call is recorded without it', () => {
    modelCalls.start({ ...OPENAI, model: 7 as never, operation: {} as never }).end();
    expect(calls()[0]).toMatchObject({ operation: 'chat', requestModel: undefined });
    expect(recording.dropped).toEqual(['invalid_value', 'invalid_value']);
  });

  it('is no class of error when a getter of its error throws', () => {
    const error = Object.defineProperty(new Error('x'), 'code', {
      get() {
        throw new Error('getter');
      },
    });
    modelCalls.start(OPENAI).fail(error);
    expect(calls()[0]).toMatchObject({ outcome: 'error', errorType: '_OTHER' });
  });
});
