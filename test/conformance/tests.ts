import { beforeAll, describe, expect, it } from 'vitest';
import { type NodeVersion, ROOT } from '../helpers/run-app.ts';
import { FORMS, type Judged, runMatrix } from './matrix.ts';
import { VERSIONS } from './sdks/index.ts';
import { renderPage } from './table.ts';

/** The tests of the matrix, on these versions of Node; `-u` renders the page anew. */
export function testMatrix(nodes: readonly NodeVersion[]): void {
  let judged: Judged[] = [];
  beforeAll(async () => {
    judged = await runMatrix(nodes);
  }, 600_000);

  describe.each(nodes)('Node %s', (node) => {
    describe.each(VERSIONS)('$title', (version) => {
      it.each(FORMS)('as %s: the application sees the same, and every call is recorded once', (form) => {
        const run = judged.find((one) => one.node === node && one.version === version && one.form === form);
        const wrong = Object.entries(run?.findings.cells ?? {}).flatMap(([name, cell]) =>
          cell === null || cell.wrong.length === 0 ? [] : [[name, cell.wrong]],
        );
        expect(Object.fromEntries(wrong)).toEqual({});
        expect(run?.findings.process).toEqual([]);
      });
    });
  });

  it('is what docs/conformance.md shows', async () => {
    await expect(renderPage(judged)).toMatchFileSnapshot(`${ROOT}docs/conformance.md`);
  });
}
