import type { ContentMessage, ContentPart } from '../../../src/recorders/content.ts';
import { parsed } from './draft.ts';

/** A value of a body that may be anything. */
export type Loose = Readonly<Record<string, unknown>>;

export function loose(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textPart(content: string): ContentPart {
  return { type: 'text', content };
}

export function toolCall(id: unknown, name: unknown, given: unknown): ContentPart {
  const told = typeof given === 'string' ? parsed(given) : given;
  return {
    type: 'tool_call',
    ...(typeof id === 'string' ? { id } : {}),
    name: typeof name === 'string' ? name : '',
    ...(told === undefined ? {} : { arguments: told }),
  };
}

export function toolResponse(id: unknown, response: unknown): ContentPart {
  return { type: 'tool_call_response', ...(typeof id === 'string' ? { id } : {}), response: withoutBytes(response) };
}

/** Pictures, sounds and files are told by their kind, and by their address without what may be a signature in it. */
export function media(modality: string, address: unknown, mimeType?: unknown): ContentPart {
  const kind = typeof mimeType === 'string' ? { mime_type: mimeType.slice(0, 100) } : {};
  const url =
    typeof address === 'string' && !address.startsWith('data:') && URL.canParse(address) ? new URL(address) : null;
  if (url === null) return { type: 'blob', modality, ...kind };
  return { type: 'uri', modality, ...kind, uri: url.origin === 'null' ? url.protocol : url.origin + url.pathname };
}

export function messageOf(role: unknown, parts: readonly ContentPart[]): ContentMessage {
  return { role: typeof role === 'string' ? role : 'user', parts };
}

/** Nobody nests deeper what a tool says. */
const MAX_DEPTH = 32;
/** A text of base64 is no text. */
const LONG = 200;

function withoutBytes(value: unknown, depth = MAX_DEPTH): unknown {
  if (typeof value === 'string') return value.length > LONG && /^[A-Za-z0-9+/=]+$/.test(value) ? '' : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) return value.map((one) => withoutBytes(one, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutBytes(one, depth - 1)]));
}
