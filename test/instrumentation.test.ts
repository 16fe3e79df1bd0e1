import { expect, it } from 'vitest';
import { runApp } from './helpers/run-app.ts';

/** A library of one function, and a hook into it that does what the test wants. */
const app = (hook: string, versions = `['>=1']`): string => `
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { createRequire } from 'node:module';
  import { diag } from '@opentelemetry/api';
  import { defineInstrumentation } from '${new URL('../dist/src/instrumentation.js', import.meta.url).href}';
  import { hooks } from '${new URL('../dist/src/hooks.js', import.meta.url).href}';
  const lines = [];
  const say = (line) => lines.push(line.split('\\n')[0]);
  diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, 50);
  const folder = new URL('./node_modules/library-of-mine/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('package.json', folder), '{"name":"library-of-mine","version":"1.2.3","main":"index.js"}');
  writeFileSync(new URL('index.js', folder), 'exports.answer = () => 42;');
  const instrumentation = defineInstrumentation({ library: 'library-of-mine', versions: ${versions}, hook: ${hook} })();
  const states = [hooks.get('library-of-mine')];
  instrumentation.enable();
  const library = createRequire(import.meta.url)('library-of-mine');
  states.push(hooks.get('library-of-mine'), library.answer());
  instrumentation.disable();
  states.push(library.answer());
  console.log(JSON.stringify({ states, lines }));
`;

const run = async (source: string) => {
  const { code, stdout, stderr } = await runApp({ source });
  expect(code).toBe(0);
  return { ...(JSON.parse(stdout) as { states: unknown[]; lines: string[] }), stderr };
};

it('a hook patches its library when it is loaded, and restores it when it is disabled', async () => {
  const hook = `(library) => { const own = library.answer; library.answer = () => own() + 1; return () => { library.answer = own; }; }`;
  expect(await run(app(hook))).toEqual({ states: ['idle', 'active', 43, 42], lines: [], stderr: '' });
});

it('a library whose shape does not fit is left as it is, which one line tells', async () => {
  expect(await run(app('() => undefined'))).toEqual({
    states: ['idle', 'refused', 42, 42],
    lines: [],
    stderr: 'gaugeway: library-of-mine 1.2.3 is not measured: this version is not known (>=1 are)\n',
  });
});

it('a hook that throws leaves its library loaded and working, and is reported once', async () => {
  expect(await run(app(`() => { throw new Error('ours'); }`))).toEqual({
    states: ['idle', 'refused', 42, 42],
    lines: ['gaugeway: the hook of library-of-mine failed and was contained: Error: ours'],
    stderr: '',
  });
});
