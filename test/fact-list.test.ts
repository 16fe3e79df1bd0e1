import { expect, it } from 'vitest';
import { FactList } from '../src/fact-list.ts';

/** Notes facts at every depth near the end of the stack, on the way back from it. */
function noteOnAFullStack(list: FactList, task: (target: string, bytes: Buffer) => void): number {
  let noted = 0;
  const deep = (): void => {
    try {
      deep();
    } catch {
      // The stack is full.
    }
    if (noted >= 40) return;
    const name = `fact ${noted++}`;
    try {
      list.addBytes(task, name, Buffer.from(name), 0);
    } catch {
      // A hook contains it.
    }
  };
  deep();
  return noted;
}

it('hands every fact its own bytes, also those that were noted on a full stack', () => {
  // What a task throws is contained, so that it is no place for an assertion.
  const read: [target: string, bytes: string][] = [];
  for (let turn = 0; turn < 100; turn++) {
    const list = new FactList();
    list.isWanted = true;
    const task = (target: string, bytes: Buffer) => {
      read.push([target, bytes.toString()]);
    };
    const noted = noteOnAFullStack(list, task);
    for (let later = 0; later < 5; later++) {
      const name = `later ${later + noted}`;
      list.addBytes(task, name, Buffer.from(name), 0);
    }
    list.catchUp();
  }
  expect(read.length).toBeGreaterThan(500);
  for (const [target, bytes] of read) expect(bytes).toBe(target);
});

it('works off by itself what was noted on a full stack', async () => {
  const list = new FactList();
  list.isWanted = true;
  let read = 0;
  const task = (): void => {
    read++;
  };
  noteOnAFullStack(list, task);
  list.addBytes(task, 'later', Buffer.from('later'), 0);
  await expect.poll(() => read).toBeGreaterThan(0);
});

it('hands every fact its own bytes where there is more than it keeps', () => {
  const list = new FactList();
  list.isWanted = true;
  const read: [target: number, isWhole: boolean][] = [];
  const task = (target: number, bytes: Buffer): void => {
    read.push([target, bytes.length === 16_000 && bytes.every((byte) => byte === target % 256)]);
  };
  for (let fact = 0; fact < 1000; fact++) list.addBytes(task as never, fact, Buffer.alloc(16_000, fact % 256), 0);
  list.catchUp();
  expect(read).toEqual(Array.from({ length: 1000 }, (_, fact) => [fact, true]));
});
