/** What one check found. */
export interface Verdict {
  readonly status: 'ok' | 'warning' | 'failure';
  /** What was checked, in a few words. */
  readonly what: string;
  readonly found: string;
  /** What to do; always there unless all is well. */
  readonly remedy?: string | undefined;
}

export function ok(what: string, found: string): Verdict {
  return { status: 'ok', what, found };
}

export function warning(what: string, found: string, remedy: string): Verdict {
  return { status: 'warning', what, found, remedy };
}

export function failure(what: string, found: string, remedy: string): Verdict {
  return { status: 'failure', what, found, remedy };
}

const MARKS = { ok: '✓', warning: '!', failure: '✗' } as const;
const COLOURS = { ok: 32, warning: 33, failure: 31 } as const;

/** One line, and its remedy on a second one. */
export function shown({ status, what, found, remedy }: Verdict, isColoured: boolean): string {
  const mark = isColoured ? `\u001b[${COLOURS[status]}m${MARKS[status]}\u001b[0m` : MARKS[status];
  const line = `${mark} ${what}: ${found}`;
  return remedy === undefined ? line : `${line}\n    → ${remedy}`;
}
