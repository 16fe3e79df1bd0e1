import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import * as library from 'pg-boss';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeLibrary, handed, hook, JOB, runsOf } from '../fixtures/pg-boss/boss.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

describe('metadata', () => {
  it('of versions that count the retries among it is taken off too', async () => {
    const { calls, boss, restore } = fakeLibrary();
    const plain = { id: 'id', name: 'q', data: {}, expireInSeconds: 1, groupTier: null, somethingNew: 1 };
    const job = { ...plain, policy: 'standard', retryLimit: 2, retryCount: 0, output: null, signal: undefined };
    let keys: string[] = [];
    boss.work('q', async ([given]: object[]) => {
      keys = Object.keys(given as object);
    });
    await handed(calls)([job]);
    await runsOf(recording, 'q', 1);
    expect(keys).toEqual([...Object.keys(plain), 'signal']);
    restore?.();
  });
});

describe('the hook', () => {
  const PUBLIC = ['getDb', 'emit', 'work', 'constructor'];
  const METHODS = ['work', 'createJob', 'complete', 'fail', 'fetch', 'constructor'];
  const descriptors = (of: object, names: string[]) => names.map((name) => Object.getOwnPropertyDescriptor(of, name));

  it('restores the classes exactly, and leaves nothing on what they inherit', () => {
    const emitter = Object.getOwnPropertyDescriptors(EventEmitter.prototype);
    const { copy, Manager, restore } = fakeLibrary();
    const { Manager: Fresh, copy: untouched, restore: unhook } = fakeLibrary();
    unhook?.();
    expect(Manager.prototype.work).not.toBe(Fresh.prototype.work);
    const { name, length } = Manager.prototype.work;
    expect({ name, length }).toEqual({ name: 'work', length: 0 });
    expect(Object.getOwnPropertyDescriptor(Manager.prototype, 'work')).toMatchObject({
      enumerable: false,
      configurable: true,
      writable: true,
    });
    restore?.();
    restore?.();
    for (const [of, like, names] of [
      [Manager, Fresh, METHODS],
      [copy.PgBoss, untouched.PgBoss, PUBLIC],
    ] as const) {
      const shape = descriptors(of.prototype, [...names]).map((descriptor) => descriptor && Object.keys(descriptor));
      expect(Reflect.ownKeys(of.prototype)).toEqual(Reflect.ownKeys(like.prototype));
      expect(shape).toEqual(
        descriptors(like.prototype, [...names]).map((descriptor) => descriptor && Object.keys(descriptor)),
      );
      for (const descriptor of descriptors(of.prototype, [...names])) {
        if (descriptor?.value) expect(types.isProxy(descriptor.value)).toBe(false);
      }
    }
    expect(Object.getOwnPropertyDescriptors(EventEmitter.prototype)).toEqual(emitter);
  });

  it('restores the class of the real library', () => {
    const before = Object.getOwnPropertyDescriptors(library.PgBoss.prototype);
    const restore = hook();
    expect(Object.getOwnPropertyDescriptors(library.PgBoss.prototype)).not.toEqual(before);
    restore?.();
    expect(Object.getOwnPropertyDescriptors(library.PgBoss.prototype)).toEqual(before);
  });

  it('leaves the emitter alone when a constructor throws', async () => {
    const { on } = EventEmitter.prototype;
    const restore = hook();
    expect(() => new library.PgBoss({ max: 'many' as unknown as number, connectionString: '' })).not.toThrow();
    class Broken extends library.PgBoss {
      override getDb(): never {
        super.getDb();
        throw new Error('no database');
      }
    }
    restore?.();
    const again = hook();
    expect(() => new Broken('postgres://127.0.0.1:1/none')).toThrow('no database');
    await Promise.resolve();
    expect(EventEmitter.prototype.on).toBe(on);
    again?.();
  });

  it('patches a class once that it sees by two namespaces', async () => {
    const { copy, calls, boss, restore } = fakeLibrary();
    const again = hook({ ...copy });
    boss.work('q', async () => {});
    await handed(calls)([{ ...JOB }]);
    expect(await runsOf(recording, 'q', 1)).toHaveLength(1);
    restore?.();
    again?.();
    calls.length = 0;
    const handler = async () => {};
    boss.work('q', handler);
    expect(calls[0]?.at(-1)).toBe(handler);
  });

  it('leaves a patch that came after its own, and rests under it', () => {
    const { Manager, calls, boss, restore } = fakeLibrary();
    const ours = Manager.prototype.work;
    const theirs = function (this: InstanceType<typeof Manager>, ...args: unknown[]) {
      return ours.apply(this, args);
    };
    Manager.prototype.work = theirs;
    restore?.();
    expect(Manager.prototype.work).toBe(theirs);
    const handler = async () => {};
    boss.work('q', handler);
    expect(calls[0]).toEqual([boss.manager, 'q', handler]);
  });

  it('goes on handing over plain jobs to workers that were started before it was restored', async () => {
    const { calls, boss, restore } = fakeLibrary();
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
