import { expect, it } from 'vitest';
import { runOnce } from './matrix.ts';
import { VERSIONS } from './sdks/index.ts';
import { renderPage } from './table.ts';
import { testMatrix } from './tests.ts';

// The other versions of Node are run with the end-to-end tests.
testMatrix(['24']);

it('sees what an instrumentation does wrong', async () => {
  const [version = expect.fail()] = VERSIONS;
  const saboteur = ['--import', new URL('apps/reads-to-the-end.mjs', import.meta.url).href];
  const { findings } = await runOnce({ version, node: '24', form: 'ESM' }, saboteur);
  const of = (name: keyof typeof findings.cells) => findings.cells[name]?.wrong.map((text) => text.split(':')[0]);
  expect(of('create')).toEqual(['provider', 'calls', 'attempts', 'outcome', 'input tokens', 'output tokens', 'spans']);
  expect(of('stream-break')).toContain('the provider sees');
  expect(of('error')).toContain('the application sees');
  expect(of('unhandled')).toContain('the application sees');
  expect(renderPage([{ version, node: '24', form: 'ESM', findings }])).not.toMatch(/\| ✓/);
});
