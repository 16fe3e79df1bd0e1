import { SpanStatusCode } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { OPENAI } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');

describe('modelCalls.start', () => {
  it('records one call with what the caller tells', () => {
    const call = modelCalls.start({ ...OPENAI, streaming: true, serverAddress: 'api.openai.com', serverPort: 443 });
    call.chunk();
    call.chunk();
    call.end({
      model: 'gpt-4o-2024',
      id: 'id-1',
      finishReasons: ['stop'],
      usage: { input: 10, output: 5, cacheRead: 4 },
    });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatchObject({
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024',
      responseId: 'id-1',
      finishReasons: ['stop'],
      outcome: 'success',
      usage: { input: 10, output: 5, total: 15, cacheRead: 4 },
      attempts: 1,
    });
    const [call0] = calls();
    expect(call0?.timeToFirstChunkMs).toBeGreaterThanOrEqual(0);
    expect(call0?.durationMs).toBeGreaterThanOrEqual(call0?.timeToFirstChunkMs ?? 0);
    expect(Object.isFrozen(call0)).toBe(true);
    expect(recording.running.size).toBe(0);
  });

  it('ends once, whatever is called afterwards', () => {
    const call = modelCalls.start(OPENAI);
    call.fail(new Error('boom'));
    call.end();
    call.fail(new Error('again'));
    expect(calls()).toHaveLength(1);
    expect(calls()[0]?.outcome).toBe('error');
    expect(recording.spans()).toHaveLength(1);
  });

  it('leaves out token counts that cannot be and counts them', () => {
    modelCalls.start(OPENAI).end({ usage: { input: -1, output: Number.NaN } });
    modelCalls.start(OPENAI).end({ usage: { input: 5, cacheRead: 9 } });
    modelCalls.start(OPENAI).end();
    expect(calls().map((call) => call.usage)).toEqual([undefined, { input: 5 }, undefined]);
    expect(recording.dropped).toEqual(['invalid_value', 'invalid_value', 'invalid_value']);
  });

  it.each([
    [new DOMException('x', 'AbortError'), 'aborted', 'aborted'],
    [new DOMException('x', 'TimeoutError'), 'timeout', 'timeout'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'error', 'ECONNREFUSED'],
    [new RangeError('secret text'), 'error', 'RangeError'],
    [Object.assign(new Error('x'), { code: 'no spaces allowed here' }), 'error', 'Error'],
  ])('classifies %s', (error, outcome, errorType) => {
    modelCalls.start(OPENAI).fail(error);
    expect(calls()[0]).toMatchObject({ outcome, errorType });
    expect(recording.spans()[0]?.attributes['error.type']).toBe(errorType);
    expect(recording.spans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
    expect(JSON.stringify(recording.spans()[0]?.attributes)).not.toContain('secret');
  });

  it('does nothing and keeps nothing when nobody listens', () => {
    recording.stop();
    const call = modelCalls.start(OPENAI);
    call.end({ usage: { input: 1 } });
    expect(calls()).toEqual([]);
    expect(modelCalls.start(OPENAI)).toBe(call);
  });
});
