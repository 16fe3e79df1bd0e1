import { stripVTControlCharacters, styleText } from 'node:util';

/** How a table is drawn. */
export interface Style {
  readonly width: number;
  readonly color: boolean;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Least width, so that a picture that is drawn again does not jump. @default 0 */
  readonly width?: number;
  /** Columns of the highest number go first where a terminal is too narrow; 0 always stays. @default 0 */
  readonly dispensable?: number;
  readonly isBad?: (row: Row) => boolean;
}

/** The first column to the left, all others to the right, each as wide as its longest cell. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string[] {
  let kept = [...columns];
  let gap = '  ';
  let widths = widthsOf(kept, rows);
  const isTooWide = () => widths.reduce((sum, width) => sum + width + gap.length, -gap.length) > style.width;
  if (isTooWide()) gap = ' ';
  for (let least = leastOf(kept); least > 0 && isTooWide(); least = leastOf(kept)) {
    kept = kept.filter(({ dispensable = 0 }) => dispensable !== least);
    widths = widthsOf(kept, rows);
  }
  const line = (cells: string[]) => cells.join(gap).trimEnd();
  const header = line(kept.map(({ title }, index) => align(title, index, widths)));
  return [
    paint('dim', header, style),
    ...rows.map((row) =>
      line(
        kept.map(({ cell, isBad }, index) => {
          const text = align(cell(row), index, widths);
          return isBad?.(row) ? paint('red', text, style) : text;
        }),
      ),
    ),
  ];
}

export function paint(format: 'dim' | 'red' | 'green' | 'bold', text: string, { color }: Style): string {
  return color ? styleText(format, text, { validateStream: false }) : text;
}

/** A line that does not wrap; one that would is cut, and loses its colours. */
export function cut(line: string, { width }: Style): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
}

/** Breaks words into lines that fit. */
export function wrap(words: readonly string[], { width }: Style): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** "340 ms", "1.2 s", "3.4 min". */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  return `${(seconds / 60).toFixed(1)} min`;
}

/** "812", "12.3k", "4.5M". */
export function amount(value: number | undefined): string {
  if (value === undefined) return '–';
  if (value < 9999.5) return String(Math.round(value));
  if (value < 999_950) return `${(value / 1000).toFixed(1)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

function widthsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number[] {
  return columns.map(({ title, cell, width = 0 }) =>
    Math.max(width, title.length, ...rows.map((row) => cell(row).length)),
  );
}

function leastOf<Row>(columns: readonly Column<Row>[]): number {
  return Math.max(...columns.map(({ dispensable = 0 }) => dispensable));
}

function align(text: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
