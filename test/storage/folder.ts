import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

/** Runs at the end of the test, the last one first. */
export function atEnd(end: () => void): void {
  ends.push(end);
}

/** A folder of the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'gaugeway-storage-'));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
