import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { useContent } from '../../../src/recorders/content.ts';
import { useGenAiProfiles } from '../../../src/recorders/profiles.ts';
import { type PublishedExchange, tell } from './channels.ts';

export const INPUT = 'gen_ai.input.messages';
export const OUTPUT = 'gen_ai.output.messages';
const SYSTEM = 'gen_ai.system_instructions';

export const text = (content: string) => ({ type: 'text', content });
export const said = (role: string, ...parts: object[]) => ({ role, parts });
export const answered = (reason: string, ...parts: object[]) => ({ role: 'assistant', parts, finish_reason: reason });
/** What a question told as `Hi` becomes. */
export const HI = [said('user', text('Hi'))];
export const CALL = { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Ulm' } };
export const json = (body: object) => ({
  headers: { 'content-type': 'application/json' },
  received: [Buffer.from(JSON.stringify(body))],
});
export const events = (...documents: object[]) => ({
  headers: { 'content-type': 'text/event-stream' },
  received: documents.map((document) => Buffer.from(`data: ${JSON.stringify(document)}\n\n`)),
});

/** Has the tests of a file keep content, and returns what reads it. */
export function captureContent() {
  const spans = new InMemorySpanExporter();
  beforeAll(() => {
    const spanProcessors = [new SimpleSpanProcessor({ exporter: spans })];
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  });
  beforeEach(() => useContent({ maxBytes: 10_000, redact: undefined }));
  afterEach(() => {
    useContent(undefined);
    useGenAiProfiles(['v1.41']);
  });
  afterAll(() => trace.disable());

  /** The content on the one span of an exchange, and what was dropped. */
  return async (path: string, body: object | string, answer: Partial<PublishedExchange>) => {
    spans.reset();
    const sent = [Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))];
    const { dropped } = await tell({ path, sent, status: 200, ...answer });
    expect(spans.getFinishedSpans()).toHaveLength(1);
    const [span] = spans.getFinishedSpans() as [ReadableSpan];
    const read = (name: string): unknown => {
      const value = span.attributes[name];
      return value === undefined ? undefined : JSON.parse(String(value));
    };
    return { system: read(SYSTEM), input: read(INPUT), output: read(OUTPUT), dropped, span };
  };
}

/** An API, asked and answered, and what must be told of it. */
export type Example = readonly [path: string, body: object, answer: Partial<PublishedExchange>, told: object];

/** One test for each of them. */
export function testExamples(capture: ReturnType<typeof captureContent>, examples: Readonly<Record<string, Example>>) {
  it.each(Object.entries(examples))(
    'is what %s says, in the shape of the convention',
    async (_, [path, body, answer, told]) => {
      const { span, dropped, ...content } = await capture(path, body, answer);
      expect(content).toEqual({ system: undefined, ...told });
      expect(JSON.stringify(span.attributes)).not.toContain('CANARY');
      expect(dropped).toEqual({});
    },
  );
}
