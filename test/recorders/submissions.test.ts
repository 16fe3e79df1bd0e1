import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordOrchestratorError, recordStall } from '../../src/recorders/orchestrators.ts';
import { startSubmission } from '../../src/recorders/submissions.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

describe('a submission', () => {
  it('is counted by queue and name, under one span of the sender', () => {
    const jobs = [
      { queue: 'q', name: 'a' },
      { queue: 'q', name: 'b' },
      { queue: 'q', name: 'a' },
    ];
    const submission = startSubmission({ system: 's', jobs });
    const active = trace.getSpanContext(submission.context);
    submission.end();
    submission.fail(new Error('late'));
    expect(recording.observations).toMatchObject([
      { kind: 'job_submission', system: 's', queue: 'q', name: 'a', count: 2, errorType: undefined },
      { kind: 'job_submission', system: 's', queue: 'q', name: 'b', count: 1 },
    ]);
    const [span] = recording.spans();
    expect(span).toMatchObject({ name: 'send q', kind: SpanKind.PRODUCER });
    expect(span?.attributes).toEqual({
      'gaugeway.job.system.name': 's',
      'gaugeway.job.queue.name': 'q',
      'gaugeway.job.count': 3,
    });
    expect(span?.spanContext()).toEqual(active);
  });

  it('counts only the jobs that became one', () => {
    startSubmission({ system: 's', jobs: [{ name: 'a' }, { name: 'b' }] }).end([{ name: 'b' }]);
    startSubmission({ system: 's', jobs: [{ name: 'c' }] }).end([]);
    expect(recording.observations).toMatchObject([{ name: 'b', count: 1 }]);
  });

  it('that is refused is counted with the class of its error, and has an error span', () => {
    startSubmission({ system: 's', jobs: [{ queue: 'q', name: 'a' }] }).fail(new RangeError('x'));
    expect(recording.observations).toMatchObject([{ name: 'a', count: 1, errorType: 'RangeError' }]);
    expect(recording.spans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
    expect(recording.spans()[0]?.attributes['error.type']).toBe('RangeError');
  });

  it('has no span where the orchestrator has its own, and nothing where nobody listens', () => {
    startSubmission({ system: 's', jobs: [{ name: 'a' }], span: false }).end();
    expect(recording.observations).toHaveLength(1);
    recording.stop();
    startSubmission({ system: 's', jobs: [{ name: 'a' }] }).end();
    expect(recording.observations).toHaveLength(1);
    expect(recording.spans()).toHaveLength(0);
  });
});

describe('an orchestrator', () => {
  it('has its stalls and its own faults recorded', () => {
    recordStall({ system: 's', queue: 'q', reason: 'lock_lost' });
    recordOrchestratorError({ system: 's', queue: 'q', component: 'worker' }, { code: 'ECONNREFUSED' });
    expect(recording.observations).toMatchObject([
      { kind: 'job_stall', system: 's', queue: 'q', reason: 'lock_lost' },
      { kind: 'orchestrator_error', system: 's', component: 'worker', errorType: 'ECONNREFUSED' },
    ]);
  });
});
