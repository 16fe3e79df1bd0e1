import { isDeepStrictEqual } from 'node:util';
import type { Receiver } from '../helpers/receiver.ts';
import type { Observed } from './matrix.ts';
import { PATTERN_NAMES, PATTERNS, type Pattern, type PatternName } from './patterns.ts';
import type { Sdk } from './sdk.ts';

/** How each pattern of a library went, or null where the library has no such pattern. */
export interface Findings {
  readonly cells: Readonly<Record<PatternName, Cell | null>>;
  /** What is wrong with the process as a whole. */
  readonly process: readonly string[];
}

export interface Cell {
  /** How the call was told: its outcome, and the error type if that is another word. */
  readonly told: string;
  /** Empty: the application saw what it sees without us, and its call was told once, rightly, to its end. */
  readonly wrong: readonly string[];
}

const CALLS = 'gen_ai.client.operation.duration';
const ATTEMPTS = 'gaugeway.model.attempt.duration';
const ACTIVE = 'gaugeway.model.active';
const TOKENS = 'gen_ai.client.token.usage';
const MODEL = 'gen_ai.request.model';

export function judge(sdk: Sdk, bare: Observed, measured: Observed, receiver: Receiver): Findings {
  const cells = Object.fromEntries(
    PATTERN_NAMES.map((name) => [
      name,
      bare.seen[name] === null ? null : judgeCell(name, sdk, bare, measured, receiver),
    ]),
  ) as Findings['cells'];
  const process: string[] = [];
  const check = (what: string, actual: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(actual, expected)) process.push(differs(what, actual, expected));
  };
  const endOf = ({ end: { code, signal, stderr }, late }: Observed) => ({ code, signal, stderr, late });
  check('its end', endOf(measured), { ...endOf(bare), code: null, signal: 'SIGTERM', stderr: '' });
  check('patterns', Object.keys(measured.seen), PATTERN_NAMES);
  const models = (points: ReturnType<Receiver['points']>) => points.map(({ attributes }) => attributes[MODEL]);
  check(
    'calls of no pattern',
    models(receiver.points(CALLS)).filter((model) => !isPattern(model)),
    [],
  );
  check('in flight', models(receiver.points(ACTIVE).filter(({ value }) => value !== 0)), []);
  check(
    'refused',
    receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0),
    [],
  );
  return { cells, process };
}

function judgeCell(name: PatternName, sdk: Sdk, bare: Observed, measured: Observed, receiver: Receiver): Cell {
  const wrong: string[] = [];
  const check = (what: string, actual: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(actual, expected)) wrong.push(differs(what, actual, expected));
  };
  check('the application sees', measured.seen[name], bare.seen[name]);
  check('the provider sees', measured.exchanges[name], bare.exchanges[name]);

  const pattern: Pattern = PATTERNS[name];
  const { calls = 1 } = pattern;
  const [outcome, errorType] = sdk.differently?.[name] ?? [pattern.outcome, namedBy(sdk, pattern.errorType)];
  const of = { [MODEL]: name };
  const attempts = receiver.points(ATTEMPTS, of);
  const only = (values: unknown[]): unknown => (new Set(values).size > 1 ? values : values[0]);
  const told = only(attempts.map(({ attributes }) => attributes['gaugeway.outcome']));
  const toldType = only(receiver.points(CALLS, of).map(({ attributes }) => attributes['error.type']));
  check('provider', only(attempts.map(({ attributes }) => attributes['gen_ai.provider.name'])), sdk.provider);
  check('calls', receiver.total(CALLS, of), calls);
  check('attempts', receiver.total(ATTEMPTS, of), calls);
  check('requests', measured.exchanges[name]?.length, calls);
  check('outcome', told, outcome);
  check('error.type', toldType, errorType);
  const tokens = (type: string): number =>
    receiver.points(TOKENS, { ...of, 'gen_ai.token.type': type }).reduce((all, { sum }) => all + (sum ?? 0), 0);
  const entry = measured.ledger[name];
  check('input tokens', tokens('input'), entry?.reportedInputTokens);
  check('output tokens', tokens('output'), entry?.reportedOutputTokens);
  const spans = receiver.spans.filter(
    ({ attributes }) => attributes[MODEL] === name && attributes['gen_ai.operation.name'] === sdk.operation,
  );
  check('spans', spans.length, sdk.endlessSpans?.includes(name) ? 0 : calls);
  check('in flight', receiver.points(ACTIVE, of).filter(({ value }) => value !== 0).length, 0);
  return {
    told: [told, toldType].filter((word, i, all) => word !== undefined && all.indexOf(word) === i).join(' '),
    wrong,
  };
}

function namedBy({ serverError, dropped }: Sdk, errorType: Pattern['errorType']): string | undefined {
  return errorType === 'server' ? serverError : errorType === 'dropped' ? dropped : errorType;
}

function isPattern(model: unknown): boolean {
  return typeof model === 'string' && model in PATTERNS;
}

function differs(what: string, actual: unknown, expected: unknown): string {
  return `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
}
