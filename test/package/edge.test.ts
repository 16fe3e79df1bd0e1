import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Every module that an import of `entry` reaches, and what it imports from outside. */
async function reach(entry: string): Promise<{ files: string[]; external: string[] }> {
  const { metafile } = await build({
    entryPoints: [new URL(`../../${entry}`, import.meta.url).pathname],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'neutral',
    packages: 'external',
    external: ['node:*'],
  });
  const inputs = Object.entries(metafile.inputs);
  const external = inputs.flatMap(([, input]) => input.imports.filter((i) => i.external).map((i) => i.path));
  return { files: inputs.map(([file]) => file), external: [...new Set(external)] };
}

it('the main entry runs on any runtime: it needs the API of OpenTelemetry alone', async () => {
  const { external } = await reach('src/index.ts');
  expect(external).toEqual(['@opentelemetry/api']);
});

it('the main entry uses no global of Node', async () => {
  const { files } = await reach('src/index.ts');
  for (const file of files) {
    expect(readFileSync(file, 'utf8'), file).not.toMatch(
      /(?<!['.\w])(process\.\w|Buffer\b|setImmediate|__dirname|require\()/,
    );
  }
});

it('recorders and the catalogue reach neither the SDK nor an exporter', async () => {
  const { files } = await reach('src/metrics.ts');
  expect(files.filter((file) => /src\/(export|setup|views|instrumentation)/.test(file))).toEqual([]);
});

it.each(['src/monitor/index.ts', 'src/http/hono.ts'])(
  '%s runs on any runtime: it needs the API of OpenTelemetry alone and no global of Node',
  async (entry) => {
    const { files, external } = await reach(entry);
    expect(external).toEqual(['@opentelemetry/api']);
    for (const file of files) {
      expect(readFileSync(file, 'utf8'), file).not.toMatch(
        /(?<!['.\w])(process\.\w|Buffer\b|setImmediate|__dirname|require\()/,
      );
    }
  },
);
