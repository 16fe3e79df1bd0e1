import type { Cell } from './judge.ts';
import type { Judged } from './matrix.ts';
import { PATTERN_NAMES, PATTERNS, type Pattern, type PatternName } from './patterns.ts';
import { VERSIONS } from './sdks/index.ts';

const HEAD = `# Conformance

Every way to call a model that the libraries offer, and every way to treat the answer, run twice: by itself, and with
\`--import gaugeway/register\`. The table is rendered by the test that runs them; it must not be written by hand.

**✓** means all three:

1. **The application sees the same** as without gaugeway: the value, the class, message and fields of the error and whether
   it is one object, unhandled rejections, how much of a stream is fetched, and whether the connection is closed.
2. **Exactly one model call is recorded**, with one attempt, one span, the outcome of the row, and the tokens that the
   provider told. (Tools that a library runs itself make two calls.)
3. **Nothing is left in flight.**

A word after ✓ is another outcome than the row's: the library ends the exchange otherwise, with and without us. **–** means
that the library has no such call. **✗** is a defect. Every column holds for ESM and CommonJS on Node 22, 24 and 26: those of
Node 24 are run with the tests, the others with the end-to-end tests. Retries have tests of their own.

A library is added by a file in \`test/conformance/sdks\` and a line for each of its versions in the \`index.ts\` there;
\`npx vitest run --project unit test/conformance -u\` writes this page anew.

A stream of @anthropic-ai/sdk that is never read, or is collected, gets no span: the library makes the spans itself, and does
not end these. It is recorded all the same.

`;

/** The page: one row a pattern, one column a library; whatever runs differ in is a defect. */
export function renderPage(judged: readonly Judged[]): string {
  const rows = PATTERN_NAMES.map((name) => [
    PATTERNS[name].title,
    wordOf(PATTERNS[name]),
    ...VERSIONS.map((version) =>
      cellOf(
        name,
        judged.filter((run) => run.version === version),
      ),
    ),
  ]);
  return HEAD + table([['The call', 'Recorded as', ...VERSIONS.map(({ title }) => title)], ...rows]);
}

function cellOf(name: PatternName, runs: readonly Judged[]): string {
  const cells = runs.map(({ findings }) => findings.cells[name]);
  const present = cells.filter((cell): cell is Cell => cell !== null);
  if (present.length === 0) return '–';
  if (present.length < cells.length || present.some(({ wrong }) => wrong.length > 0)) return '✗';
  const words = new Set(present.map(({ told }) => told));
  // The usual word is the row's; its error type may be the provider's own.
  const usual = wordOf(PATTERNS[name]);
  const [word = ''] = words;
  return word.split(' ')[0] === usual ? '✓' : `✓ ${word}`;
}

function wordOf({ outcome }: Pattern): string {
  return outcome;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n`;
}
