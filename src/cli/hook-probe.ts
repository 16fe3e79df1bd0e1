import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hookedPackages } from '../../instrumentations/index.ts';
import { listHooks } from '../hooks.ts';
import { resolveOptions } from '../options.ts';

/** What became of one library. */
export interface ProbedLibrary {
  readonly name: string;
  readonly version: string;
  /** Why it could not be loaded. */
  readonly error?: string | undefined;
}

/** Everything that a probe tells. */
export interface HookProbe {
  readonly libraries: readonly ProbedLibrary[];
  readonly hooks: readonly (readonly [name: string, state: unknown])[];
}

/**
 * Loads every library that can be hooked and is installed where the process was started, and tells on stdout what became
 * of each. Runs in a process of its own that was started as an application is, with `gaugeway/register` first.
 * @param load an `import` of a module there: packages are found from where they are asked for
 */
export async function probeHooks(load: (name: string) => Promise<unknown>): Promise<void> {
  const libraries: ProbedLibrary[] = [];
  for (const name of hookedPackages(resolveOptions({}, process.env, () => undefined))) {
    const version = installedVersion(name);
    if (version === undefined) continue;
    try {
      await load(name);
      libraries.push({ name, version });
    } catch (error) {
      libraries.push({ name, version, error: error instanceof Error ? error.message : String(error) });
    }
  }
  const told: HookProbe = { libraries, hooks: listHooks().map(({ name, state }) => [name, state]) };
  // What was loaded may keep the process, and may have written to stdout itself.
  process.stdout.write(`\n${JSON.stringify(told)}\n`, () => process.exit(0));
}

function installedVersion(name: string): string | undefined {
  try {
    const manifest = findPackageJSON(name, pathToFileURL(join(process.cwd(), 'anything.js')));
    if (manifest === undefined) return undefined;
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version;
  } catch {
    return undefined;
  }
}
