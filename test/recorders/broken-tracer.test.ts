import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobs, modelCalls, operations } from '../../src/index.ts';
import { OPENAI } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

describe('a tracer that throws', () => {
  it('costs the span, not the work', async () => {
    trace.disable();
    const startSpan = (): never => {
      throw new Error('sampler');
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: startSpan }) });
    const all = () => jobs.run('job', () => operations.run('work', () => modelCalls.run(OPENAI, async () => 7)));
    expect(await all()).toBe(7);
    expect(recording.observations.map(({ kind }) => kind)).toEqual(['model_call', 'operation', 'job_run']);
    expect(recording.dropped).toEqual(['hook_failed', 'hook_failed', 'hook_failed']);
  });
});
