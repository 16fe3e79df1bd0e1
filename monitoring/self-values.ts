import type { HookState } from '../src/hooks.ts';
import type { DropReason } from '../src/observations.ts';

/** What each reason for leaving something out means; the compiler asks for all of them. */
const DROP_REASONS: Readonly<Record<DropReason, string>> = {
  invalid_value:
    'A number or a name cannot be true: a negative count, a part greater than its whole, a text where there are numbers.',
  malformed_body: 'A body, or an event of a stream, is not in the format that it should be in.',
  undecodable_body: 'A body is in an encoding that cannot be read, or that it is not in.',
  oversized_value: 'A name is longer than any that counts, or content is longer than its bound.',
  unobservable: 'The end of some work cannot be seen, so it has no duration.',
  unknown_event: 'An event fits no mapping, or nothing that is running.',
  clock_skew: 'Times of two clocks contradict each other.',
  series_limit: 'There are more values of an attribute than may have series of their own: they are `other`.',
  buffer_full: 'More waits to be stored or handed on than there is room for.',
  redaction_failed: 'The redactor of content threw, or returned something else: the content of that call is left out.',
  hook_failed: 'Code of ours failed and was contained; stderr has said more. Please report it.',
  listener_failed: 'A listener failed and was contained; stderr has said more.',
};

const HOOK_STATES: Readonly<Record<HookState, string>> = {
  active: 'The library was met in this version, and is measured.',
  idle: 'The library has not been loaded yet.',
  refused: 'The library was met in this version, and is left alone because its shape does not fit.',
};

/** The tables below the instruments that tell of gaugeway itself. */
export function selfValues(): string {
  return [table('gaugeway.drop.reason', DROP_REASONS), table('gaugeway.hook.state', HOOK_STATES)].join('\n\n');
}

function table(attribute: string, meanings: Readonly<Record<string, string>>): string {
  const rows = Object.entries(meanings).map(([value, meaning]) => `| \`${value}\` | ${meaning} |`);
  return [`| \`${attribute}\` | Meaning |`, '| --- | --- |', ...rows].join('\n');
}
