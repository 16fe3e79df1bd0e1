import { describe, expect, it } from 'vitest';
import { useContent } from '../../../src/recorders/content.ts';
import { captureContent, events, INPUT, json, OUTPUT, said, text } from './content-capture.ts';

const capture = captureContent();

describe('content, where it is asked for', () => {
  it('is bounded: the last messages are kept, and of a single one the beginnings of its texts', async () => {
    useContent({ maxBytes: 300, redact: undefined });
    const messages = Array.from({ length: 50 }, (_, at) => ({
      role: 'user',
      content: `message ${at} ${'é'.repeat(20)}`,
    }));
    const long = json({ choices: [{ message: { content: '😀'.repeat(5000) }, finish_reason: 'stop' }] });
    const { input, output, span, dropped } = await capture('/v1/chat/completions', { messages }, long);
    for (const name of [INPUT, OUTPUT])
      expect(Buffer.byteLength(String(span.attributes[name]))).toBeLessThanOrEqual(300);
    expect((input as { parts: { content: string }[] }[]).at(-1)?.parts[0]?.content).toContain('message 49');
    expect((output as { parts: { content: string }[] }[])[0]?.parts[0]?.content).toMatch(/^(?:😀)+\uFFFD?…$/u);
    expect(dropped.oversized_value).toBeGreaterThanOrEqual(2);
  });

  it('is none of a body of megabytes, of bytes that are no JSON and of documents that are none', async () => {
    const huge = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(5 << 20) }] });
    const none = await capture('/v1/chat/completions', huge, json({ choices: [{ message: { content: 'Hello' } }] }));
    expect(none).toMatchObject({
      input: undefined,
      output: [said('assistant', text('Hello'))],
      dropped: { oversized_value: 1 },
    });
    for (const body of [
      '{"messages":[{"role":"user","cont',
      '"x"',
      'null',
      '[[[]]]',
      '{"messages":7}',
      '{"messages":[null,7,"x",[]]}',
    ]) {
      for (const received of ['{"choices":7}', '{"choices":[null,7,{"message":7},{"delta":[]}]}', 'null', '7']) {
        const answer = { headers: { 'content-type': 'application/json' }, received: [Buffer.from(received)] };
        const { dropped } = await capture('/v1/chat/completions', body, answer);
        expect(dropped).not.toHaveProperty('hook_failed');
      }
    }
  });
});

describe('an answer that goes on and on', () => {
  it('is kept within its bound: texts, choices, tool calls and their arguments', async () => {
    const body = { messages: [], stream: true };
    const texts = Array.from({ length: 3000 }, (_, at) => ({
      choices: [{ index: at, delta: { content: 'x'.repeat(50) } }],
    }));
    const one = await capture('/v1/chat/completions', body, events(...texts));
    expect((one.output as object[]).length).toBeLessThanOrEqual(64);
    expect(one.dropped.oversized_value).toBeGreaterThan(0);
    const tools = Array.from({ length: 3000 }, (_, at) => ({
      choices: [
        {
          index: 0,
          delta: { tool_calls: [{ index: at, id: 'x'.repeat(9000), function: { name: 'y'.repeat(9000) } }] },
        },
      ],
    }));
    const two = await capture('/v1/chat/completions', body, events(...tools));
    expect(Buffer.byteLength(String(two.span.attributes[OUTPUT] ?? ''))).toBeLessThanOrEqual(10_000);
    const args = { list: Array.from({ length: 3000 }, () => 'z') };
    const parts = Array.from({ length: 20 }, () => ({
      candidates: [{ content: { parts: [{ functionCall: { name: 'f', args } }] } }],
    }));
    const three = await capture('/v1beta/models/m-1:streamGenerateContent?alt=sse', { contents: [] }, events(...parts));
    expect(JSON.stringify(three.output)).not.toContain('"z"');
    expect(three.dropped).toMatchObject({ oversized_value: 1 });
  });
});
