import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MonitoringConfig } from '../../monitoring/index.ts';

/** Reads a configuration of the monitoring: the default export of a module, or JSON. A file that is none throws. */
export async function readConfiguration(path: string | undefined): Promise<MonitoringConfig> {
  if (path === undefined) return {};
  const file = resolve(path);
  if (extname(file) === '.json') {
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      throw new TypeError(`gaugeway: ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new TypeError(`gaugeway: ${path}: ${explained(error as NodeJS.ErrnoException)}`, { cause: error });
  }
  if (module.default !== undefined) return module.default as MonitoringConfig;
  throw new TypeError(`gaugeway: ${path} has no default export: write "export default { thresholds: { ... } };"`);
}

function explained({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} reads no TypeScript without --experimental-strip-types: use 22.18 or newer, or a .mjs file`;
  }
  return message;
}
