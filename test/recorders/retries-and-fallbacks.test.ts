import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { CLAUDE, OPENAI, OUTER, OVERLOADED } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const calls = () => recording.told('model_call');
const attempts = () => recording.told('model_attempt');

describe('what follows a failure inside of one call', () => {
  const failed = (details: typeof OPENAI) => modelCalls.attempt(details).finish(OVERLOADED, { statusCode: 529 });
  const answered = (details: typeof OPENAI) => modelCalls.attempt(details).finish(undefined, { statusCode: 200 });
  const chains = () =>
    calls().map(({ fallbacks }) => fallbacks?.map(({ from, to }) => [from.requestModel, to.requestModel]));

  it('is a retry when it asks the same model, with the time in between', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      await delay(30);
      answered(OPENAI);
    });
    expect(attempts()).toMatchObject([{ number: 0 }, { number: 1, retryOf: 'overloaded_error' }]);
    expect(attempts()[0]?.backoffMs).toBeUndefined();
    expect(attempts()[1]?.backoffMs).toBeGreaterThan(20);
    expect(chains()).toEqual([[]]);
  });

  it('is a fallback when it asks another model or provider', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      failed({ ...OPENAI, model: 'gpt-4o-mini' });
      answered({ ...CLAUDE, model: 'gpt-4o-mini' });
    });
    expect(attempts().map(({ retryOf, backoffMs }) => [retryOf, backoffMs])).toEqual(
      Array(3).fill([undefined, undefined]),
    );
    expect(calls()[0]?.fallbacks).toMatchObject([
      { from: { provider: 'openai', requestModel: 'gpt-4o' }, to: { provider: 'openai', requestModel: 'gpt-4o-mini' } },
      { from: { provider: 'openai' }, to: { provider: 'anthropic' } },
    ]);
  });

  it('is told of layers as of exchanges, each turn once', async () => {
    const layer = (details: typeof OPENAI, exchange?: (details: typeof OPENAI) => void) =>
      modelCalls
        .run(details, async () => {
          exchange?.(details);
          if (exchange !== answered) throw new Error('failed');
        })
        .catch(() => undefined);
    await modelCalls.run(OUTER, async () => {
      await layer(OPENAI, failed);
      await layer(CLAUDE);
      await layer({ ...CLAUDE, model: 'claude-haiku' }, answered);
    });
    expect(chains()).toEqual([
      [
        ['gpt-4o', 'claude-sonnet'],
        ['claude-sonnet', 'claude-haiku'],
      ],
    ]);
  });

  it('is neither while something else is still running', async () => {
    await modelCalls.run(OUTER, async () => {
      const slow = modelCalls.attempt(OPENAI);
      failed(OPENAI);
      answered(CLAUDE);
      slow.finish(undefined, { statusCode: 200 });
    });
    expect(attempts().map(({ retryOf }) => retryOf)).toEqual([undefined, undefined, undefined]);
    expect(chains()).toEqual([[]]);
  });

  it('is neither after an answer', async () => {
    await modelCalls.run(OUTER, async () => {
      failed(OPENAI);
      answered(OPENAI);
      answered(CLAUDE);
    });
    expect(attempts().map(({ retryOf }) => retryOf)).toEqual([undefined, 'overloaded_error', undefined]);
    expect(chains()).toEqual([[]]);
  });

  it('is kept thirty-two times, and counted beyond', async () => {
    await modelCalls.run(OUTER, async () => {
      for (let turn = 0; turn < 40; turn++) failed({ ...OPENAI, model: `m${turn}` });
    });
    expect(calls()[0]?.fallbacks).toHaveLength(32);
    expect(recording.dropped).toEqual(Array(7).fill('series_limit'));
  });
});

describe('an application that waits no longer', () => {
  it('is told apart from what its provider had said before', async () => {
    for (const name of ['AbortError', 'TimeoutError']) {
      const work = async () => {
        modelCalls.attempt(OPENAI).finish(OVERLOADED, { statusCode: 529 });
        throw new DOMException('x', name);
      };
      await modelCalls.run(OUTER, work).catch(() => undefined);
    }
    expect(calls().map(({ outcome }) => outcome)).toEqual(['aborted', 'timeout']);
  });
});
