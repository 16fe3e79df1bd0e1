import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderMonitoring } from '../../monitoring/index.ts';
import { readConfiguration } from './configuration.ts';

/** What rules and dashboards are rendered from, and where to. */
export interface RenderOptions {
  readonly config?: string | undefined;
  /** Folder that is made if it is not there. */
  readonly out: string;
  /** Compare with what is there instead of writing. */
  readonly check: boolean;
}

/** Writes rules, dashboards and their documents, or compares them. Resolves to false when a compared file is another. */
export async function render(
  { config, out, check }: RenderOptions,
  print: (line: string) => void,
  warn: (line: string) => void,
): Promise<boolean> {
  const configuration = await readConfiguration(config);
  const { files, warnings } = renderMonitoring(
    // Spreading what is no object would make one of it, and its mistake would not be told.
    configuration instanceof Object && configuration.runbooksUrl === undefined
      ? { ...configuration, runbooksUrl: join(out, 'runbooks.md') }
      : configuration,
  );
  for (const warning of warnings) warn(`gaugeway: ${warning}`);
  let differing = 0;
  for (const { path, text } of files) {
    // The sources keep documents apart; a user's folder has them beside what they explain.
    const target = join(out, path.replace(/^(monitoring|docs)\//, ''));
    const isSame = (await readFile(target, 'utf8').catch(() => undefined)) === text;
    if (isSame) continue;
    differing++;
    if (check) print(`${target} is not what the configuration says`);
    else {
      await replace(target, text);
      print(target);
    }
  }
  if (differing === 0) print(`${out} is up to date`);
  return !check || differing === 0;
}

/** Whole or not at all: a Prometheus that reloads meanwhile must not see half a rule. */
async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, text);
  await rename(beside, path);
}
