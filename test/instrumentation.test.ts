import { expect, it } from 'vitest';
import { runApp } from './helpers/run-app.ts';

/** A library of one function, and a hook into it that does what the test wants. */
const app = (hook: string, version = '1.2.3'): string => `
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { createRequire } from 'node:module';
  import { diag } from '@opentelemetry/api';
  import { defineInstrumentation } from '${new URL('../dist/src/instrumentation.js', import.meta.url).href}';
  import { listHooks } from '${new URL('../dist/src/hooks.js', import.meta.url).href}';
  const lines = [];
  const say = (line) => lines.push(line.split('\\n')[0]);
  diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, 50);
  const folder = new URL('./node_modules/library-of-mine/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('package.json', folder), '{"name":"library-of-mine","version":"${version}","main":"index.js"}');
  writeFileSync(new URL('index.js', folder), 'exports.answer = () => 42;');
  const instrumentation = defineInstrumentation({ library: 'library-of-mine', versions: ['>=1 <2', '>=3.1 <4'], hook: ${hook} })();
  const hook = () => listHooks().filter(({ name }) => name === 'library-of-mine').map(({ version, state }) => [version ?? '', state].join(' '));
  const states = hook();
  instrumentation.enable();
  const library = createRequire(import.meta.url)('library-of-mine');
  states.push(...hook(), library.answer());
  instrumentation.disable();
  states.push(library.answer());
  console.log(JSON.stringify({ states, lines }));
`;

const run = async (source: string) => {
  const { code, stdout, stderr } = await runApp({ source });
  expect(code).toBe(0);
  return { ...(JSON.parse(stdout) as { states: unknown[]; lines: string[] }), stderr };
};

/** Adds one to what the library answers. */
const HOOK = `(library) => { const own = library.answer; library.answer = () => own() + 1; return () => { library.answer = own; }; }`;

it('a hook patches its library when it is loaded, and restores it when it is disabled', async () => {
  expect(await run(app(HOOK))).toEqual({ states: [' idle', '1.2.3 active', 43, 42], lines: [], stderr: '' });
});

it('a hook is restored once, however many know of its library', async () => {
  const counting = '(library) => { let restores = 0; library.answer = () => restores; return () => { restores++; }; }';
  expect(await run(app(counting))).toMatchObject({ states: [' idle', '1.2.3 active', 0, 1] });
});

it('a library whose shape does not fit is left as it is, which one line tells', async () => {
  expect(await run(app('() => undefined'))).toEqual({
    states: [' idle', '1.2.3 refused', 42, 42],
    lines: [],
    stderr: 'gaugeway: library-of-mine 1.2.3 is not hooked: its shape does not fit (>=1 <2, >=3.1 <4 are tested)\n',
  });
});

it('a hook that throws leaves its library loaded and working, and is reported once', async () => {
  expect(await run(app(`() => { throw new Error('ours'); }`))).toEqual({
    states: [' idle', '1.2.3 refused', 42, 42],
    lines: ['gaugeway: the hook of library-of-mine failed and was contained: Error: ours'],
    stderr: '',
  });
});

it.each(['2.0.0', '3.0.9', '4.0.0-beta.1'])(
  'version %s, never tested, is hooked when it fits, which one line tells',
  async (version) => {
    expect(await run(app(HOOK, version))).toEqual({
      states: [' idle', `${version} active`, 43, 42],
      lines: [],
      stderr: `gaugeway: library-of-mine ${version} was never tested with gaugeway (>=1 <2, >=3.1 <4 are); it is hooked, because its shape fits\n`,
    });
  },
);

it.each(['1.0.0', '3.1.0', '1.9.9-rc.2'])('version %s is hooked without a word', async (version) => {
  expect(await run(app(HOOK, version))).toMatchObject({ states: [' idle', `${version} active`, 43, 42], stderr: '' });
});
