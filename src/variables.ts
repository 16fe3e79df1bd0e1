import type { Parser } from './parsers.ts';

/** A value that environment variables can give. */
export interface FromVariables<T> {
  /** Environment variables that give the value, the first one set wins. */
  readonly variables: readonly string[];
  readonly parser: Parser<T>;
  readonly fallback: T;
}

/** A value that the documents tell of too. */
export interface Setting<T> extends FromVariables<T> {
  readonly description: string;
}

export function setting<T>(
  description: string,
  variables: readonly string[],
  parser: Parser<T>,
  fallback: T,
): Setting<T> {
  return { variables, parser, fallback, description };
}

/** Receives what is wrong with a variable: a whole sentence, and the variable's name. */
export type WarnOfVariable = (message: string, variable: string) => void;

/** The first of the variables that is set and right, else the default; a wrong one is told with what holds instead. */
export function readVariable<T>(
  { variables, parser, fallback }: FromVariables<T>,
  environment: Readonly<Record<string, string | undefined>>,
  warn: WarnOfVariable,
): T {
  const wrong: { variable: string; value: string }[] = [];
  let inForce = fallback;
  for (const variable of variables) {
    const value = environment[variable]?.trim();
    if (value === undefined || value === '') continue;
    const parsed = parser.parse(value);
    if (parsed !== undefined) {
      inForce = parsed;
      break;
    }
    if (parser.isForeign?.(variable) !== true) wrong.push({ variable, value });
  }
  for (const { variable, value } of wrong) {
    const now = parser.isSecret === true ? 'none of it' : shown(inForce);
    warn(
      `${variable}="${parser.isSecret === true ? '***' : shown(value)}" is ignored: it must be ${parser.expects}; ${now} is in force`,
      variable,
    );
  }
  return inForce;
}

const MAX_SHOWN = 200;

/** Credentials in a URL stay out of the complaint. */
function shown(value: unknown): string {
  if (value === undefined || value === '' || (typeof value === 'object' && Object.keys(value as object).length === 0))
    return 'none';
  return String(value)
    .replaceAll(/\/\/[^/@\s]*@/g, '//***@')
    .slice(0, MAX_SHOWN);
}
