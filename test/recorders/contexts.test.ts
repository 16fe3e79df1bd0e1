import { context, createContextKey, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobs, modelCalls, operations } from '../../src/index.ts';
import { modelCalls as ofHooks } from '../../src/recorders/model-calls.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const TENANT = createContextKey('tenant');
const USER = createContextKey('user');

/** Works inside of each other, all of them of ours. */
function nested(depth: number, work: () => void): void {
  if (depth === 0) work();
  else operations.run('work', () => nested(depth - 1, work));
}

describe.each([1, 5, 40])('in the context of %i works inside of each other', (depth) => {
  it('what the application has set is found, and what it sets goes no further', () => {
    context.with(context.active().setValue(TENANT, 'a').setValue(USER, 'u'), () => {
      nested(depth, () => {
        expect(context.active().getValue(TENANT)).toBe('a');
        context.with(context.active().setValue(TENANT, 'b').deleteValue(USER), () => {
          expect([context.active().getValue(TENANT), context.active().getValue(USER)]).toEqual(['b', undefined]);
          nested(depth, () => {
            expect([context.active().getValue(TENANT), context.active().getValue(USER)]).toEqual(['b', undefined]);
          });
        });
        expect([context.active().getValue(TENANT), context.active().getValue(USER)]).toEqual(['a', 'u']);
      });
    });
  });

  it('the span of the innermost is active, and the job around is known', () => {
    let inner: string | undefined;
    jobs.run('outer', () =>
      nested(depth, () => {
        const work = (): void => {
          inner = trace.getSpan(context.active())?.spanContext().spanId;
        };
        modelCalls.run({ provider: 'openai', model: 'm' }, work, () => ({ usage: { input: 1, output: 1 } }));
        jobs.step('think', () => undefined);
      }),
    );
    const spans = recording.spans();
    expect(spans.find(({ name }) => name === 'chat m')?.spanContext().spanId).toBe(inner);
    const step = recording.observations.find(({ kind }) => kind === 'job_step');
    expect(step).toMatchObject({ job: { name: 'outer' } });
  });
});

it('a work may go on in the context of the one before it for ever', () => {
  let last = context.active().setValue(TENANT, 'a');
  for (let i = 0; i < 50_000; i++) {
    context.with(last, () =>
      operations.run('work', () => {
        last = context.active();
      }),
    );
  }
  expect(last.getValue(TENANT)).toBe('a');
  expect(last.getValue(USER)).toBeUndefined();
});

describe.each([
  ['is a call', true],
  ['turns out to be no call', false],
])('in the context of the request of an SDK that %s', (_, isCall) => {
  type Send = () => Promise<unknown>;
  const request = (send: Send) =>
    ofHooks.request(send, (begin) => {
      if (isCall) begin({ provider: 'openai', model: 'm' }, {});
    });

  it('what the application has set is found, and what it sets goes no further', async () => {
    const inside: unknown[] = [];
    await context.with(context.active().setValue(TENANT, 'a').setValue(USER, 'u'), () =>
      request(async () => {
        const read = () => [context.active().getValue(TENANT), context.active().getValue(USER)];
        inside.push(read());
        context.with(context.active().setValue(TENANT, 'b'), () => inside.push(read()));
        context.with(context.active().deleteValue(USER), () => inside.push(read()));
        inside.push(trace.getSpan(context.active()) !== undefined);
      }),
    );
    expect(inside).toEqual([['a', 'u'], ['b', 'u'], ['a', undefined], isCall]);
  });

  it('another one may be made for ever', async () => {
    let last = context.active().setValue(TENANT, 'a');
    for (let i = 0; i < 50_000; i++) {
      await context.with(last, () =>
        request(async () => {
          last = context.active();
        }),
      );
    }
    expect(last.getValue(TENANT)).toBe('a');
  });
});
