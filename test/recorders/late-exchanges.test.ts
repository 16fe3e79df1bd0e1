import { setTimeout as delay } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { ABORTED, CLAUDE, OPENAI, OUTER, OVERLOADED } from './models.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

type Exchange = ReturnType<typeof modelCalls.attempt>;
const calls = () => recording.told('model_call');
const attempts = () => recording.told('model_attempt');

describe('an exchange that outlives the work of its call', () => {
  it('decides nothing when the work did not hand back a stream', async () => {
    let loser: Exchange | undefined;
    await modelCalls.run(OUTER, async () => {
      loser = modelCalls.attempt(CLAUDE);
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
      return { text: 'first' };
    });
    expect(recording.running.size).toBe(0);
    await delay(20);
    loser?.finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', attempts: 2, usage: { total: 3 } }]);
    expect(calls()[0]?.durationMs).toBeLessThan(15);
  });

  it('leaves usage unknown when its provider had begun to answer', async () => {
    let loser: Exchange | undefined;
    await modelCalls.run(OUTER, async () => {
      loser = modelCalls.attempt(CLAUDE);
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    });
    loser?.finish(ABORTED, { statusCode: 200 });
    expect(calls()[0]).toMatchObject({ outcome: 'success' });
    expect(calls()[0]?.usage).toBeUndefined();
  });

  it('leaves the stream that was handed back to be judged by its own end', async () => {
    let winner: Exchange | undefined;
    let loser: Exchange | undefined;
    await modelCalls.run(OUTER, async () => {
      [winner, loser] = [modelCalls.attempt(OPENAI), modelCalls.attempt(CLAUDE)];
      return { data: new ReadableStream() };
    });
    winner?.finish(undefined, { usage: { input: 1, output: 2 }, statusCode: 200 });
    loser?.finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', usage: { total: 3 } }]);
  });

  it.each([
    ['a response', () => new Response('x')],
    ['a response beside its data', () => ({ data: {}, response: new Response('x') })],
    ['a list of streams', () => [new ReadableStream()]],
    ['an emitter', () => ({ on: () => undefined })],
  ])('decides when the work handed back %s', async (_, made) => {
    let exchange: Exchange | undefined;
    await modelCalls.run(OUTER, async () => {
      exchange = modelCalls.attempt(OPENAI);
      return made();
    });
    exchange?.finish(OVERLOADED, { statusCode: 200 });
    expect(calls()).toMatchObject([OVERLOADED]);
  });

  it('names the failure of the work more exactly, though it ends later', async () => {
    let exchange: Exchange | undefined;
    const work = modelCalls.run(OUTER, async () => {
      exchange = modelCalls.attempt(OPENAI);
      throw new Error('529');
    });
    await expect(work).rejects.toThrow('529');
    exchange?.finish(OVERLOADED, { statusCode: 529 });
    expect(calls()).toMatchObject([OVERLOADED]);
  });

  it('calls no getter of what was handed back', async () => {
    const read: string[] = [];
    const touchy = (name: string) => ({
      get: () => {
        read.push(name);
      },
      enumerable: true,
    });
    const result = Object.defineProperties({}, { body: touchy('body'), on: touchy('on'), text: touchy('text') });
    expect(await modelCalls.run(OUTER, async () => result)).toBe(result);
    expect(read).toEqual([]);
  });
});

describe('a request that is still waiting to be sent when its call ends', () => {
  it('belongs to that call all the same', async () => {
    let seat: ReturnType<typeof modelCalls.seat>;
    await modelCalls.run(OUTER, async () => {
      seat = modelCalls.seat(context.active());
      modelCalls.attempt(OPENAI).finish(undefined, { usage: { input: 1, output: 2 } });
    });
    expect(calls()).toEqual([]);
    modelCalls.attempt(CLAUDE, seat).finish(ABORTED, {});
    expect(calls()).toMatchObject([{ outcome: 'success', attempts: 2, usage: { total: 3 } }]);
    expect(attempts()).toHaveLength(2);
  });
});
