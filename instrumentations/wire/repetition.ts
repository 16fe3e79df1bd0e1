const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** Longer texts are parsed: the scanner skips them faster than they are walked here. */
const MAX_TEXT = 256;
/** Longest event that is learned. */
const MAX_EVENT = 4096;
/** Above this length a native comparison is cheaper than a loop. */
const MAX_WALKED = 40;
/** Kinds of events remembered at once: streams of several choices or tool calls take turns. */
const MAX_TEMPLATES = 2;
/** A stream whose events never repeat stops being learned from. */
const MAX_VAIN = 16;

/** Where text and running numbers stand in a streamed event. None of these keys holds a value that a format wants. */
const SLOT =
  /"(?:content|delta|text|thinking|partial_json|arguments|reasoning_content|reasoning|refusal|obfuscation)"\s*:\s*"|"sequence_number"\s*:\s*(?=\d)/g;

/** The bytes of an event around its slots: all before the first one, and after each slot what follows it. */
interface Template {
  readonly head: Buffer;
  readonly slots: readonly { readonly isText: boolean; readonly after: Buffer }[];
}

/**
 * Recognises a streamed event that differs from one already parsed by nothing but its text, so that a stream of
 * thousands of them costs one comparison each. Every byte outside of the text must be the same, so a recognised event
 * says exactly what the parsed one said, and nothing else can hide in it; whatever is not the same is parsed.
 */
export class Repetition {
  readonly #templates: Template[] = [];
  #oldest = 0;
  #vain = 0;

  /** True when `chunk` is one whole event that tells nothing new. */
  matches(chunk: Buffer): boolean {
    for (let at = 0; at < this.#templates.length; at++) {
      if (isLike(chunk, this.#templates[at] as Template)) {
        this.#vain = 0;
        return true;
      }
    }
    return false;
  }

  /** Remembers a chunk that was parsed as exactly one event which told nothing but text. */
  learn(chunk: Buffer): void {
    if (chunk.length > MAX_EVENT || this.#vain >= MAX_VAIN) return;
    this.#vain++;
    const template = templateOf(chunk);
    if (template === undefined) return;
    this.#templates[this.#oldest] = template;
    this.#oldest = (this.#oldest + 1) % MAX_TEMPLATES;
  }
}

function isLike(chunk: Buffer, { head, slots }: Template): boolean {
  let at = head.length;
  if (chunk.length <= at || head.compare(chunk, 0, at) !== 0) return false;
  for (const { isText, after } of slots) {
    at = isText ? endOfText(chunk, at) : endOfDigits(chunk, at);
    if (at < 0 || !continues(chunk, at, after)) return false;
    at += after.length;
  }
  return at === chunk.length;
}

function continues(chunk: Buffer, at: number, after: Buffer): boolean {
  const { length } = after;
  if (chunk.length - at < length) return false;
  if (length > MAX_WALKED) return after.compare(chunk, at, at + length) === 0;
  for (let i = 0; i < length; i++) if (chunk[at + i] !== after[i]) return false;
  return true;
}

function templateOf(chunk: Buffer): Template | undefined {
  const event = chunk.toString('latin1');
  const slots: { isText: boolean; after: Buffer }[] = [];
  let headLength = 0;
  let end = 0;
  let wasText = false;
  SLOT.lastIndex = 0;
  for (let found = SLOT.exec(event); found !== null; found = SLOT.exec(event)) {
    const start = SLOT.lastIndex;
    if (headLength === 0) headLength = start;
    else slots.push({ isText: wasText, after: Buffer.from(chunk.subarray(end, start)) });
    wasText = chunk[start - 1] === QUOTE;
    end = wasText ? endOfText(chunk, start) : endOfDigits(chunk, start);
    if (end < 0) return undefined;
    SLOT.lastIndex = end;
  }
  if (headLength === 0) return undefined;
  slots.push({ isText: wasText, after: Buffer.from(chunk.subarray(end)) });
  return { head: Buffer.from(chunk.subarray(0, headLength)), slots };
}

/** The index of the quote that ends a text, or -1 when there is none near or the line ends first. */
function endOfText(chunk: Buffer, from: number): number {
  const limit = Math.min(chunk.length, from + MAX_TEXT);
  for (let at = from; at < limit; at++) {
    const byte = chunk[at] as number;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

function endOfDigits(chunk: Buffer, from: number): number {
  let at = from;
  while (at < chunk.length && (chunk[at] as number) >= ZERO && (chunk[at] as number) <= NINE) at++;
  return at;
}
