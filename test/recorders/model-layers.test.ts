import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { CLAUDE, OPENAI, OUTER } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');

describe('layers inside of one call', () => {
  it('add up when they lie side by side', async () => {
    await modelCalls.run(OUTER, async () => {
      const [first, second] = [modelCalls.start(OPENAI), modelCalls.start(CLAUDE)];
      first.end({ usage: { input: 10, output: 1 } });
      second.end({ usage: { input: 20, output: 2 } });
    });
    expect(calls()).toMatchObject([{ provider: 'my_gateway', usage: { input: 30, output: 3, total: 33 } }]);
    expect(recording.spans()).toHaveLength(1);
  });

  it('count once when they lie inside each other, and the wire below them', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, () =>
      modelCalls.run(
        OPENAI,
        () =>
          modelCalls.run(
            OPENAI,
            async () =>
              modelCalls.attempt(OPENAI).finish(undefined, { usage: { ...usage, reasoning: 3 }, statusCode: 200 }),
            () => ({ usage }),
          ),
        () => ({ usage }),
      ),
    );
    expect(calls()).toMatchObject([{ usage: { input: 10, output: 4, total: 14, reasoning: 3 }, attempts: 1 }]);
  });

  it('leave usage unknown when one of them has not told its own', async () => {
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
      modelCalls.start(CLAUDE).end();
    });
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
      modelCalls.start(CLAUDE);
    });
    expect(calls().map(({ usage }) => usage)).toEqual([undefined, undefined]);
  });

  it('are left out when they failed without an answer', async () => {
    await modelCalls.run(OUTER, async () => {
      modelCalls.start(CLAUDE).fail(new Error('refused'));
      modelCalls.start(OPENAI).end({ usage: { input: 10, output: 1 } });
    });
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 11 } }]);
  });

  it('take the exchange beside them for theirs when nothing happens in their own context', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, async () => {
      const layer = modelCalls.start(OPENAI);
      modelCalls.attempt(OPENAI).finish(undefined, { usage, statusCode: 200 });
      layer.end({ usage });
    });
    expect(calls()).toMatchObject([{ usage: { total: 14 } }]);
  });

  it('leave usage unknown when the exchange beside them could be any one of theirs', async () => {
    const usage = { input: 10, output: 4 };
    await modelCalls.run(OUTER, async () => {
      const layers = [modelCalls.start(OPENAI), modelCalls.start(CLAUDE)];
      modelCalls.attempt(OPENAI).finish(undefined, { usage, statusCode: 200 });
      for (const layer of layers) layer.end({ usage });
    });
    await modelCalls.run(OUTER, async () => {
      const layer = modelCalls.start(OPENAI);
      modelCalls.attempt(CLAUDE).finish(undefined, { usage, statusCode: 200 });
      modelCalls.attempt({ ...OPENAI, context: layer.context }).finish(undefined, { usage, statusCode: 200 });
      layer.end({ usage });
    });
    expect(calls().map((call) => call.usage)).toEqual([undefined, undefined]);
  });

  it('hand a stream on, which adds its usage when it has ended', async () => {
    async function* stream() {}
    let exchange: ReturnType<typeof modelCalls.attempt> | undefined;
    await modelCalls.run(OUTER, () =>
      modelCalls.run(OPENAI, async () => {
        exchange = modelCalls.attempt({ ...OPENAI, streaming: true });
        return stream();
      }),
    );
    expect(calls()).toEqual([]);
    exchange?.finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    expect(calls()).toMatchObject([{ outcome: 'success', streaming: true, usage: { total: 3 } }]);
  });
});
