import * as library from 'pg-boss';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeLibrary, handed, hook, JOB } from '../fixtures/pg-boss/boss.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

describe('metadata', () => {
  it('of versions that count the retries among it is taken off too', () => {
    const { copy, calls, boss } = fakeLibrary();
    const restore = hook(copy);
    const plain = { id: 'id', name: 'q', data: {}, expireInSeconds: 1, groupTier: null, somethingNew: 1 };
    const job = { ...plain, policy: 'standard', retryLimit: 2, retryCount: 0, output: null, signal: undefined };
    let keys: string[] = [];
    boss.work('q', async ([given]: object[]) => {
      keys = Object.keys(given as object);
    });
    handed(calls)([job]);
    expect(keys).toEqual([...Object.keys(plain), 'signal']);
    restore?.();
  });
});

describe('the hook', () => {
  const descriptorOf = () => Object.getOwnPropertyDescriptor(library.PgBoss.prototype, 'work');

  it('restores the class exactly', () => {
    const before = descriptorOf();
    const restore = hook();
    expect(descriptorOf()).toMatchObject({ enumerable: false, configurable: true, writable: true });
    expect(descriptorOf()?.value).not.toBe(before?.value);
    const { name, length } = library.PgBoss.prototype.work;
    expect({ name, length }).toEqual({ name: 'work', length: 0 });
    restore?.();
    restore?.();
    expect(descriptorOf()).toEqual(before);
    expect(descriptorOf()?.value).toBe(before?.value);
  });

  it('patches a class once that it sees by two namespaces', async () => {
    const { copy, calls, boss } = fakeLibrary();
    const restores = [hook(copy), hook({ ...copy })];
    boss.work('q', async () => {});
    await handed(calls)([{ ...JOB }]);
    expect(recording.observations).toHaveLength(1);
    restores[0]?.();
    calls.length = 0;
    const handler = async () => {};
    boss.work('q', handler);
    expect(calls[0]?.at(-1)).toBe(handler);
  });

  it('leaves a patch that came after its own, and rests under it', () => {
    const { copy, calls, boss } = fakeLibrary();
    const restore = hook(copy);
    const ours = copy.PgBoss.prototype.work;
    const theirs = function (this: InstanceType<typeof copy.PgBoss>, ...args: unknown[]) {
      return ours.apply(this, args);
    };
    copy.PgBoss.prototype.work = theirs;
    restore?.();
    expect(copy.PgBoss.prototype.work).toBe(theirs);
    const handler = async () => {};
    boss.work('q', handler);
    expect(calls[0]).toEqual([boss, 'q', handler]);
  });

  it('goes on handing over plain jobs to workers that were started before it was restored', async () => {
    const { copy, calls, boss } = fakeLibrary();
    const restore = hook(copy);
    let keys: string[] = [];
    boss.work('q', async ([job]: object[]) => {
      keys = Object.keys(job as object);
    });
    restore?.();
    await handed(calls)([{ ...JOB, policy: 'standard', retryLimit: 2, priority: 0 }]);
    expect(keys).not.toContain('priority');
    expect(recording.observations).toHaveLength(0);
  });

  it('refuses a version whose class has no such method', () => {
    class PgBoss {}
    const before = Reflect.ownKeys(PgBoss.prototype);
    expect(() => hook({ PgBoss })?.()).not.toThrow();
    expect(() => hook({})?.()).not.toThrow();
    expect(Reflect.ownKeys(PgBoss.prototype)).toEqual(before);
  });
});
