import { describe, expect, it } from 'vitest';
import { type ContentRedactor, useContent } from '../../../src/recorders/content.ts';
import { captureContent, json, said, text } from './content-capture.ts';

const capture = captureContent();

describe('a redactor of content', () => {
  const ask = () =>
    capture(
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'secret' }] },
      json({ choices: [{ message: { content: 'secret too' } }] }),
    );

  it('decides what leaves', async () => {
    useContent({
      maxBytes: 1000,
      redact: ({ input }) => ({ input: input?.map(({ role }) => said(role, text('***'))) as never }),
    });
    expect(await ask()).toMatchObject({ input: [said('user', text('***'))], output: undefined, dropped: {} });
  });

  it('may say that nothing does', async () => {
    useContent({ maxBytes: 1000, redact: () => undefined });
    expect(await ask()).toMatchObject({ input: undefined, output: undefined, dropped: {} });
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    ['returns a text', () => 'secret'],
    ['returns null', () => null],
    ['returns a promise', async () => ({ input: [] })],
    ['returns messages that are none', () => ({ input: [{ role: 'user', content: 'secret' }] })],
    ['returns parts that are none', () => ({ output: [{ role: 'user', parts: ['secret'] }] })],
  ])('that %s lets nothing leave, and is counted', async (_, redact) => {
    useContent({ maxBytes: 1000, redact: redact as ContentRedactor });
    expect(await ask()).toMatchObject({
      system: undefined,
      input: undefined,
      output: undefined,
      dropped: { redaction_failed: 1 },
    });
  });
});
