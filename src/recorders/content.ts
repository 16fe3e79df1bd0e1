import type { Attributes } from '@opentelemetry/api';
import { drop, reportOnce } from '../observe.ts';
import { genAiProfiles } from './profiles.ts';

/** A part of a message, in the shape of the GenAI convention: `text`, `tool_call`, `tool_call_response`, `reasoning`, ... */
export interface ContentPart {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message in the shape of the GenAI convention. */
export interface ContentMessage {
  readonly role: string;
  readonly parts: readonly ContentPart[];
  readonly finish_reason?: string;
}

/** What was said in one model call; absent where it is not known. */
export interface ModelContent {
  /** Instructions that the API takes beside the messages; `gen_ai.system_instructions`. */
  readonly system?: readonly ContentPart[] | undefined;
  /** `gen_ai.input.messages`. */
  readonly input?: readonly ContentMessage[] | undefined;
  /** `gen_ai.output.messages`. */
  readonly output?: readonly ContentMessage[] | undefined;
}

/**
 * Takes out of a call's content what must not leave the process: returns what may, or undefined for nothing at all. It runs
 * when a call has ended, on the thread of the application. Where it throws, or returns anything else, nothing leaves.
 */
export type ContentRedactor = (content: ModelContent) => ModelContent | undefined;

/** How content is captured. */
export interface ContentRules {
  /** Most bytes of one attribute. */
  readonly maxBytes: number;
  readonly redact: ContentRedactor | undefined;
}

let current: ContentRules | undefined;

/** The rules of now; undefined while content is not wanted. */
export function contentRules(): ContentRules | undefined {
  return current;
}

export function useContent(rules: ContentRules | undefined): void {
  current = rules;
}

/** The attributes of a span that hold the content of its call, after the redactor and within the bound. */
export function contentAttributes(read: () => ModelContent): Attributes {
  const rules = current;
  if (rules === undefined) return {};
  const content = redacted(read(), rules.redact);
  if (content === undefined) return {};
  const attributes: Attributes = {};
  const { system, input, output } = content;
  if (system !== undefined) attributes['gen_ai.system_instructions'] = bounded(system, rules.maxBytes);
  if (input !== undefined) attributes['gen_ai.input.messages'] = bounded(input, rules.maxBytes);
  if (output !== undefined) attributes['gen_ai.output.messages'] = bounded(named(output), rules.maxBytes);
  return attributes;
}

/** Newer names have the reasons on the span alone. */
function named(output: readonly ContentMessage[]): readonly ContentMessage[] {
  return genAiProfiles().includes('v1.41') ? output : output.map(({ role, parts }) => ({ role, parts }));
}

function redacted(content: ModelContent, redact: ContentRedactor | undefined): ModelContent | undefined {
  if (redact === undefined) return content;
  try {
    const left: unknown = redact(content);
    if (left === undefined) return undefined;
    if (isContent(left)) return left;
    reportOnce('the redactor of content', new TypeError('it returned something else than content or undefined'));
  } catch (error) {
    // Its message may hold what it was to take out.
    reportOnce('the redactor of content', new TypeError(`it threw ${error instanceof Error ? 'an error' : 'a value'}`));
  }
  drop('redaction_failed');
  return undefined;
}

function isContent(value: unknown): value is ModelContent {
  if (typeof value !== 'object' || value === null) return false;
  const { system, input, output } = value as Record<string, unknown>;
  const areMessages = (list: unknown): boolean => list === undefined || (Array.isArray(list) && list.every(isMessage));
  return (system === undefined || areParts(system)) && areMessages(input) && areMessages(output) && !('then' in value);
}

function isMessage(value: unknown): boolean {
  const { role, parts } = (value ?? {}) as Record<string, unknown>;
  return typeof role === 'string' && areParts(parts);
}

function areParts(value: unknown): boolean {
  return Array.isArray(value) && value.every((part) => typeof (part as ContentPart | null)?.type === 'string');
}

const encoder = new TextEncoder();
/** Texts that are cut are cut to ever shorter ones, down to this. */
const SHORTEST = 8;

/** As JSON, at most so long: without its first messages, and if the last one alone is too long, with its texts cut. */
function bounded(list: readonly (ContentMessage | ContentPart)[], maxBytes: number): string | undefined {
  const whole = JSON.stringify(list);
  if (fits(whole, maxBytes)) return whole;
  drop('oversized_value');
  let kept = '';
  for (let at = list.length - 1; at >= 0; at--) {
    const one = JSON.stringify(list[at]);
    const longer = kept === '' ? one : `${one},${kept}`;
    if (!fits(`[${longer}]`, maxBytes)) break;
    kept = longer;
  }
  if (kept !== '') return `[${kept}]`;
  for (let longest = maxBytes; longest >= SHORTEST; longest = Math.floor(longest / 2)) {
    const cut = JSON.stringify([list.at(-1)], (_, value: unknown) =>
      typeof value === 'string' && value.length > longest ? `${value.slice(0, longest).toWellFormed()}…` : value,
    );
    if (fits(cut, maxBytes)) return cut;
  }
  return undefined;
}

function fits(text: string, maxBytes: number): boolean {
  return text.length <= maxBytes && encoder.encode(text).length <= maxBytes;
}
