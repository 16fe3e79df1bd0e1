import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PublishedExchange } from './channels.ts';

/** An exchange as the documentation of its provider shows it, with what must be told of it. */
export interface Fixture {
  /** `provider/what`. */
  readonly name: string;
  readonly exchange: PublishedExchange & { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  readonly sent: Buffer;
  readonly received: Buffer;
  readonly isEventStream: boolean;
  readonly isStream: boolean;
  readonly expected: Readonly<Record<string, unknown>>;
}

const ROOT = join(import.meta.dirname, '../../fixtures');

/** All `test/fixtures/<provider>/<what>.http`. */
export function readFixtures(): Fixture[] {
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.http'))
    .sort()
    .map((file) => readFixture(join(ROOT, file), `${dirname(file)}/${file.slice(dirname(file).length + 1, -5)}`));
}

function readFixture(file: string, name: string): Fixture {
  const text = readFileSync(file, 'utf8');
  const answerAt = text.indexOf('\n\nHTTP/1.1 ') + 2;
  const expectedAt = text.lastIndexOf('\n### expected\n') + 1;
  const [requestHead = '', ...requestBody] = text.slice(0, answerAt - 2).split('\n\n');
  const [answerHead = '', ...answerBody] = text.slice(answerAt, expectedAt - 1).split('\n\n');
  const url = new URL(/^POST (\S+)/.exec(requestHead)?.[1] ?? '');
  const contentType = /^content-type: (.*)$/m.exec(answerHead)?.[1] ?? '';
  const isForm = requestHead.includes('multipart/');
  // The lines of a form end in CRLF; in the files they do not.
  const form = (body: string): string => `${body.replaceAll('\n', '\r\n')}\r\n`;
  const isEventStream = contentType.startsWith('text/event-stream');
  const isStream = isEventStream || /ndjson|stream\+json/.test(contentType);
  const body = answerBody.join('\n\n');
  return {
    name,
    exchange: {
      origin: url.origin,
      path: url.pathname + url.search,
      status: Number(/^HTTP\/1.1 (\d+)/.exec(answerHead)?.[1]),
      headers: contentType === '' ? {} : { 'content-type': contentType },
    },
    sent: Buffer.from(isForm ? form(requestBody.join('\n\n')) : requestBody.join('\n\n')),
    received: Buffer.from(isEventStream ? `${body.trimEnd()}\n\n` : body),
    isEventStream,
    isStream,
    expected: JSON.parse(text.slice(expectedAt + '### expected\n'.length)) as Record<string, unknown>,
  };
}
