/** Longest work in one turn of the event loop: a part that takes another two milliseconds still leaves it before five. */
const TURN_MS = 2;

/**
 * Divides long work of ours into turns of the event loop, so that the application is never held up: between two parts
 * ask whether the turn is over, and wait for the next one.
 */
export class Turns {
  #since = performance.now();

  isOver(): boolean {
    return performance.now() - this.#since > TURN_MS;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      // After what came in meanwhile; only Node has it.
      const afterInput = Reflect.get(globalThis, 'setImmediate') as ((callback: () => void) => unknown) | undefined;
      if (afterInput === undefined) setTimeout(resolve, 0);
      else afterInput(resolve);
    });
    this.#since = performance.now();
  }
}

/** The parts of a text that is written piece by piece, a few milliseconds a turn. */
export async function joinedInTurns(parts: Iterable<string>): Promise<string> {
  const turns = new Turns();
  const written: string[] = [];
  for (const part of parts) {
    written.push(part);
    if (turns.isOver()) await turns.next();
  }
  return written.join('');
}
