import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './run-app.ts';

/**
 * Writes a program for which an aliased package (`openai-6`) is the one of its own name (`openai`): load hooks go by the
 * folder that a package lies in. Returns the path of the program.
 */
export function writeAppWith(alias: string, name: string, source: string, extension: '.mjs' | '.cjs'): string {
  const folder = join(ROOT, 'dist/test-copies', alias);
  const copy = join(folder, 'node_modules', name);
  if (alias !== name && !existsSync(copy)) {
    const partial = `${copy}.${randomUUID()}`;
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(realpathSync(join(ROOT, 'node_modules', alias)), partial, { recursive: true });
    try {
      renameSync(partial, copy);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      // Another test file was faster.
      if (!existsSync(copy)) throw error;
    }
  }
  const file = join(folder, 'apps', randomUUID(), `app${extension}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  return file;
}
