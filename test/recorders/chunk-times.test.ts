import { afterEach, beforeEach, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

function streamed(...times: number[]) {
  const call = modelCalls.start({ provider: 'openai', model: 'gpt-4o', streaming: true, startedAt: 1000 });
  for (const time of times) call.chunk(time);
  call.end();
  return recording.observations.filter((o) => o.kind === 'model_call').at(-1);
}

it('a stream tells its first chunk, its longest gap and how long each chunk took', () => {
  // Gaps of 10 ms (the first boundary itself), 11 ms, 200 ms and 100 s.
  const call = streamed(1500, 1510, 1521, 1721, 101_721);
  expect(call).toMatchObject({ timeToFirstChunkMs: 500, longestStallMs: 100_000 });
  expect(call?.chunkGaps).toMatchObject({ min: 0.01, max: 100 });
  expect(call?.chunkGaps?.sum).toBeCloseTo(100.221, 9);
  expect(call?.chunkGaps?.counts).toEqual([1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

it('one chunk has no gap', () => {
  const call = streamed(1500);
  expect(call?.timeToFirstChunkMs).toBe(500);
  expect(call?.longestStallMs).toBeUndefined();
  expect(call?.chunkGaps).toBeUndefined();
});
