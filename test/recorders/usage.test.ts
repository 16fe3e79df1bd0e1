import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

function told(usage: object): unknown {
  modelCalls.start({ provider: 'openai', model: 'm' }).end({ usage });
  const [call] = recording.observations.filter((o) => o.kind === 'model_call');
  return call?.usage;
}

describe('usage', () => {
  it('has a total that is its input and its output, whatever the provider makes of them', () => {
    expect(told({ input: 3, output: 4, total: 99 })).toEqual({ input: 3, output: 4, total: 7 });
    expect(recording.dropped).toEqual([]);
  });

  it('keeps a total that is all that is known', () => {
    expect(told({ total: 99 })).toEqual({ total: 99 });
  });

  it('may be split by what it is made of, in part too', () => {
    const usage = { input: 10, output: 5, total: 15, textInput: 4, audioInput: 5, audioOutput: 5 };
    expect(told(usage)).toEqual(usage);
    const { attributes } = recording.spans()[0] ?? {};
    expect(attributes).toMatchObject({
      'gen_ai.usage.text.input_tokens': 4,
      'gen_ai.usage.audio.input_tokens': 5,
      'gen_ai.usage.audio.output_tokens': 5,
    });
    expect(attributes).not.toHaveProperty('gen_ai.usage.image.input_tokens');
  });

  it('loses parts that make more than the whole, on that side, and that is counted', () => {
    const usage = { input: 10, output: 5, textInput: 9, audioInput: 2, textOutput: 5 };
    expect(told(usage)).toEqual({ input: 10, output: 5, total: 15, textOutput: 5 });
    expect(recording.dropped).toEqual(['invalid_value']);
  });
});
