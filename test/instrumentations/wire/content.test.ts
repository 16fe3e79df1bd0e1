import { describe, expect, it } from 'vitest';
import { useContent } from '../../../src/recorders/content.ts';
import { useGenAiProfiles } from '../../../src/recorders/profiles.ts';
import { captureContent, events, HI, json, said, text } from './content-capture.ts';

const capture = captureContent();
const MESSAGES = [{ role: 'user', content: 'Hi' }];

describe('content, where it is asked for', () => {
  it('has no reasons in its messages by the newer names', async () => {
    useGenAiProfiles(['latest']);
    const stream = events({ choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] });
    const { output } = await capture('/v1/chat/completions', { messages: [], stream: true }, stream);
    expect(output).toEqual([said('assistant', text('Hello'))]);
  });

  it('of a stream that is cut off is what was said until then', async () => {
    const cut = events({ choices: [{ index: 0, delta: { content: 'Hel' } }] });
    const { output } = await capture(
      '/v1/chat/completions',
      { messages: [], stream: true },
      { ...cut, error: new Error('gone') },
    );
    expect(output).toEqual([said('assistant', text('Hel'))]);
  });

  it('of a call that failed is what was asked, and nothing of the error', async () => {
    const failed = { status: 401, ...json({ error: { message: 'Wrong key sk-CANARY', code: 'invalid_api_key' } }) };
    const { input, output, span } = await capture('/v1/chat/completions?key=CANARY', { messages: MESSAGES }, failed);
    expect([input, output]).toEqual([HI, undefined]);
    expect(span.attributes).toMatchObject({ 'error.type': 'invalid_api_key' });
    const { name, attributes, events: own, status } = span;
    expect(JSON.stringify([name, attributes, own, status])).not.toContain('CANARY');
  });
});

it('no content is kept while it is not asked for', async () => {
  useContent(undefined);
  const { span } = await capture(
    '/v1/chat/completions',
    { messages: [{ role: 'system', content: 'Be brief.' }, ...MESSAGES] },
    json({ choices: [{ message: { content: 'A dog' } }] }),
  );
  expect(Object.keys(span.attributes).filter((name) => /message|instruction/.test(name))).toEqual([]);
  expect(JSON.stringify(span.attributes)).not.toMatch(/dog|brief/);
});
