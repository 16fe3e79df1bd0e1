import type { ContentMessage, ContentPart } from '../../../src/recorders/content.ts';

interface Part {
  type: string;
  key: unknown;
  text: string;
  id?: string | undefined;
  name?: string | undefined;
  arguments?: unknown;
}

interface Message {
  role: string;
  parts: Part[];
  finishReason?: string;
}

/** Most choices, and most parts of all of them: real answers have few. */
const MAX_CHOICES = 64;
const MAX_PARTS = 256;

/** The messages of an answer while it arrives, in pieces or at once; what is too long is cut. */
export class Draft {
  readonly #messages = new Map<unknown, Message>();
  #parts = 0;
  #left: number;
  /** Something was left out. */
  isCut = false;

  /** @param maxLength most characters of all texts together */
  constructor(maxLength: number) {
    this.#left = maxLength;
  }

  /** More text of a choice; what follows the same kind of text continues it. */
  text(choice: unknown, text: unknown, type: 'text' | 'reasoning' = 'text'): void {
    if (typeof text !== 'string' || text === '') return;
    const message = this.#message(choice);
    const last = message?.parts.at(-1);
    if (last?.type === type) last.text += this.#take(text);
    else this.#add(message, { type, key: undefined, text: this.#take(text) });
  }

  /** A tool call, or more of the arguments of one: by its key, or else the last one. */
  tool(choice: unknown, key: unknown, told: { id?: unknown; name?: unknown; arguments?: unknown }): void {
    const message = this.#message(choice);
    const known =
      key === undefined ? undefined : message?.parts.find((part) => part.type === 'tool_call' && part.key === key);
    const part = known ?? this.#add(message, { type: 'tool_call', key, text: '' });
    if (part === undefined) return;
    if (typeof told.id === 'string' && told.id !== '') part.id = told.id.slice(0, MAX_NAME);
    if (typeof told.name === 'string' && told.name !== '') part.name = told.name.slice(0, MAX_NAME);
    if (typeof told.arguments === 'string') part.text += this.#take(told.arguments);
    else if (told.arguments !== undefined && told.arguments !== null) this.#arguments(part, told.arguments);
  }

  /** Why a choice ended. */
  finish(choice: unknown, reason: unknown): void {
    const message = typeof reason === 'string' && reason !== '' ? this.#message(choice) : undefined;
    if (message !== undefined) message.finishReason = String(reason).slice(0, MAX_NAME);
  }

  /** Undefined where there was nothing. */
  messages(): ContentMessage[] | undefined {
    const messages = [...this.#messages.values()].map(({ role, parts, finishReason }) => ({
      role,
      parts: parts.map(finished),
      ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
    }));
    return messages.length === 0 ? undefined : messages;
  }

  #message(choice: unknown): Message | undefined {
    const key = choice ?? 0;
    let message = this.#messages.get(key);
    if (message === undefined && this.#messages.size < MAX_CHOICES) {
      message = { role: 'assistant', parts: [] };
      this.#messages.set(key, message);
    }
    this.isCut ||= message === undefined;
    return message;
  }

  #add(message: Message | undefined, part: Part): Part | undefined {
    if (message === undefined || this.#parts >= MAX_PARTS) {
      this.isCut = true;
      return undefined;
    }
    this.#parts++;
    message.parts.push(part);
    return part;
  }

  /** Arguments that are there at once are kept whole or not at all. */
  #arguments(part: Part, given: unknown): void {
    const { length } = JSON.stringify(given);
    if (length <= this.#left) part.arguments = given;
    else this.isCut = true;
    this.#left = Math.max(0, this.#left - length);
  }

  #take(text: string): string {
    const taken = text.length <= this.#left ? text : text.slice(0, this.#left);
    if (taken.length < text.length) this.isCut = true;
    this.#left -= taken.length;
    return taken;
  }
}

const MAX_NAME = 512;

function finished({ type, text, id, name, arguments: given }: Part): ContentPart {
  if (type !== 'tool_call') return { type, content: text };
  const told = given ?? parsed(text);
  return {
    type,
    ...(id === undefined ? {} : { id }),
    name: name ?? '',
    ...(told === undefined ? {} : { arguments: told }),
  };
}

/** Arguments are JSON in a text; what is none (yet) stays text. */
export function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
