import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './run-app.ts';

/** A folder in which other versions of packages go by their own names. */
export interface AppFolder {
  /** Writes a file of the application and returns its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/**
 * An application's folder with packages of its own, by name and the alias under which this repository has them. A load
 * hook knows a package by its folder, so an alias as such would be hidden from it.
 */
export function makeAppFolder(packages: Readonly<Record<string, string>>): AppFolder {
  const folder = join(ROOT, 'dist/test-apps', randomUUID());
  for (const [name, alias] of Object.entries(packages)) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(ROOT, 'node_modules', alias), target, { recursive: true, dereference: true });
  }
  return {
    write(name, text) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
