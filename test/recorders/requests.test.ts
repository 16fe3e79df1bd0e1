import { createContextKey, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observe } from '../../src/index.ts';
import { requests } from '../../src/recorders/requests.ts';
import { createStamps } from '../../src/stamp.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

const KEY = createContextKey('a test');
const start = (identity: object) => requests.start({ method: 'GET', identity }, {});

it('what is set on the context of a request leaves the request and its span in it', () => {
  const identity = {};
  const running = start(identity);
  const context = running?.context;
  const changed = context?.setValue(KEY, 1);
  expect([context?.getValue(KEY), changed?.getValue(KEY)]).toEqual([undefined, 1]);
  expect(changed && trace.getSpan(changed)).toBe(context && trace.getSpan(context));
  expect(changed?.deleteValue(KEY).getValue(KEY)).toBeUndefined();
  const without = context && trace.deleteSpan(context);
  expect(without && trace.getSpan(without)).toBeUndefined();
  expect(start(identity)).toBeUndefined();
});

it('a request is described to a tracer only where there is one', () => {
  trace.disable();
  const running = start({});
  expect(running && trace.getSpan(running.context)).toBeUndefined();
  running?.end({ statusCode: 200 });
  expect(recording.observations).toMatchObject([{ kind: 'http_request', statusCode: 200 }]);
});

it('without a listener nothing is started', () => {
  recording.stop();
  expect(start({})).toBeUndefined();
  const stop = observe({});
  expect(start({})).toBeDefined();
  stop();
});

it('what is kept on an object is not to be seen on it, and a frozen object takes it too', () => {
  const stamps = createStamps<string>();
  for (const object of [{}, Object.freeze({}), new (class Locked {})()]) {
    expect(stamps.get(object)).toBeUndefined();
    stamps.set(object, 'one');
    stamps.set(object, 'two');
    expect(stamps.get(object)).toBe('two');
    expect(Reflect.ownKeys(object)).toEqual([]);
    expect(createStamps().get(object)).toBeUndefined();
  }
});

it('a request whose handler threw what cannot be read is recorded', () => {
  const running = start({});
  running?.threw({
    get status() {
      throw new Error('mine');
    },
  });
  running?.end({ statusCode: 500 });
  expect(recording.observations).toMatchObject([{ kind: 'http_request', outcome: 'error', errorType: '500' }]);
  expect(recording.spans()).toHaveLength(1);
});
