import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { File } from '../../src/storage/file.ts';
import { folder } from './folder.ts';

const HOUR = 3_600_000;
afterEach(() => {
  vi.restoreAllMocks();
});

/** A file of a storage as its thread has it, with both clocks in our hands. */
function create() {
  let [wall, monotonic] = [1.8e12, 5000];
  vi.spyOn(Date, 'now').mockImplementation(() => wall);
  vi.spyOn(performance, 'now').mockImplementation(() => monotonic);
  const file = new File(join(folder(), 'metrics.db'), { maxAgeMs: HOUR, maxBytes: 1e9 });
  let written = 0;
  return {
    write: () => file.write([[String(written++), wall, 1, 0, null, null, null, 0]]),
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    set(ms: number) {
      wall += ms;
    },
    kept: () => file.read('SELECT operation FROM metrics ORDER BY rowid', []).map(({ operation }) => Number(operation)),
    close: () => file.close(),
  };
}

describe('rows of a storage', () => {
  it('are removed at their age', () => {
    const { write, pass, kept, close } = create();
    for (let minutes = 0; minutes <= 120; minutes += 10) {
      write();
      pass(HOUR / 6);
    }
    // Pruned with the last row, at minute 120: those of minute 60 and later are kept.
    expect(kept()).toEqual([6, 7, 8, 9, 10, 11, 12]);
    close();
  });

  it('outlive a wall clock that is set forward, and are removed when they have aged', () => {
    const { write, pass, set, kept, close } = create();
    write();
    pass(HOUR / 2);
    write();
    set(24 * HOUR);
    for (let i = 0; i < 2; i++) {
      pass(HOUR / 6);
      write();
    }
    expect(kept()).toEqual([0, 1, 2, 3]);
    pass(HOUR / 2);
    write();
    // By the clock as it was: the first one is older than an hour.
    expect(kept()).toEqual([1, 2, 3, 4]);
    pass(HOUR);
    write();
    // By the clock as it is: nothing from before it was set is younger than that.
    expect(kept()).toEqual([4, 5]);
    close();
  });

  it('outlive a clock that is wrong for a while, either way, and are bounded in age again when all is over', () => {
    for (const wrong of [-24 * HOUR, 24 * HOUR]) {
      const { write, pass, set, kept, close } = create();
      for (const change of [0, wrong, 0, -wrong, 0]) {
        set(change);
        pass(HOUR / 10);
        write();
      }
      expect(kept()).toEqual([0, 1, 2, 3, 4]);
      for (let i = 0; i < 60; i++) {
        pass(HOUR / 20);
        write();
      }
      // Those that bear a time that has not come yet stay until it has, or the file is full.
      const ahead = wrong > 0 ? [1, 2] : [];
      expect(kept().filter((row) => row < 5)).toEqual(ahead);
      expect(kept().length).toBeLessThanOrEqual(21 + ahead.length);
      close();
      vi.restoreAllMocks();
    }
  });
});
