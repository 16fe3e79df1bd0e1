import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { type GenAiProfile, useGenAiProfiles } from '../../src/recorders/profiles.ts';
import { type Recording, startRecording } from './recording.ts';

const OLD = 'gen_ai.usage.cache_creation.input_tokens';
const NEW = 'gen_ai.usage.cache_write.input_tokens';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => {
  useGenAiProfiles(['v1.41']);
  recording.stop();
});

describe('the span of a call', () => {
  it.each<[readonly GenAiProfile[], string[]]>([
    [['v1.41'], [OLD]],
    [['latest'], [NEW]],
    [
      ['v1.41', 'latest'],
      [OLD, NEW],
    ],
  ])('has its tokens by the names of %s', (profiles, names) => {
    useGenAiProfiles(profiles);
    const call = modelCalls.start({ provider: 'anthropic', model: 'claude' });
    call.end({
      usage: { input: 100, output: 20, cacheRead: 60, cacheWrite: 30, reasoning: 5, audioInput: 0, textInput: 7 },
    });
    const attributes = recording.spans()[0]?.attributes ?? {};
    const tokens = Object.entries(attributes).filter(([name]) => name.startsWith('gen_ai.usage.'));
    expect(Object.fromEntries(tokens)).toEqual({
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.reasoning.output_tokens': 5,
      'gen_ai.usage.text.input_tokens': 7,
      ...Object.fromEntries(names.map((name) => [name, 30])),
    });
    // Names that are deprecated for both generations.
    expect(
      Object.keys(attributes).filter((name) =>
        /gen_ai\.(system|prompt|completion)$|_prompt_tokens|completion_tokens/.test(name),
      ),
    ).toEqual([]);
  });

  it('has no tokens where nobody told any', () => {
    modelCalls.start({ provider: 'anthropic', model: 'claude' }).end({});
    const names = Object.keys(recording.spans()[0]?.attributes ?? {});
    expect(names.filter((name) => name.startsWith('gen_ai.usage.'))).toEqual([]);
  });
});
