import { type Attributes, type SpanKind, TraceFlags } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OTLPTraceExporter } from '../../src/export/otlp-proto.ts';
import { OwnSpan, type SpanHome } from '../../src/export/own-span.ts';
import { ProtobufWriter } from '../../src/export/protobuf-writer.ts';
import { WrittenSpan } from '../../src/export/written-span.ts';
import { startReceiver } from '../helpers/receiver.ts';

const home: SpanHome = {
  resource: resourceFromAttributes(
    { 'service.name': 'app', list: ['a', 'b'], port: 80 },
    { schemaUrl: 'https://opentelemetry.io/schemas/1.0.0' },
  ),
  instrumentationScope: { name: 'gaugeway', version: '1.2.3' },
  ended() {},
};

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  // Halves of a character, which no encoding has.
  fc.constantFrom('', '\ud800', 'a\udc00b', 'x'.repeat(63), 'x'.repeat(64), 'ä'.repeat(63), 'x'.repeat(20_000)),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 62, 2 ** 63, -(2 ** 63), -(2 ** 64), Number.NaN),
);
const plain = fc.oneof(text, number, fc.boolean());
const value = fc.oneof(
  plain,
  fc.array(fc.option(text)),
  fc.array(fc.option(number)),
  fc.uint8Array({ maxLength: 300 }),
  fc.dictionary(fc.string(), fc.oneof(plain, fc.dictionary(fc.string(), plain))),
);
const attributes = fc.dictionary(text, value, { maxKeys: 20 }) as fc.Arbitrary<Attributes>;
const context = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    traceFlags: fc.constantFrom(TraceFlags.SAMPLED, 3),
    isRemote: fc.boolean(),
    traceState: fc.constant(new TraceState('vendor=ä,other=2')),
  },
  { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
);
const time = fc.tuple(fc.integer({ min: 0, max: 2 ** 33 }), fc.integer({ min: 0, max: 999_999_999 }));
const span = fc.record({
  start: fc.record({
    name: text,
    kind: fc.constantFrom(...[0, 1, 2, 3, 4]) as fc.Arbitrary<SpanKind>,
    context,
    parent: fc.option(context, { nil: undefined }),
    attributes: fc.option(attributes, { nil: undefined }),
    links: fc.array(fc.record({ context, attributes }, { requiredKeys: ['context'] }), { maxLength: 3 }),
    startTime: time,
  }),
  end: time,
  events: fc.array(fc.tuple(text, attributes, time), { maxLength: 3 }),
  status: fc.record({ code: fc.constantFrom(0, 1, 2), message: text }),
  dropped: fc.boolean(),
});

type Told = typeof span extends fc.Arbitrary<infer T> ? T : never;

function spanOf({ start, end, events, status, dropped }: Told): OwnSpan {
  const made = new OwnSpan(start, home);
  for (const event of events) made.addEvent(...event);
  if (dropped)
    for (let i = 0; i < 200; i++) made.addEvent('e').addLink({ context: start.context }).setAttribute(`k${i}`, i);
  made.setStatus(status).end(end);
  return made;
}

/** What an exporter sends of them. */
async function sent(spans: readonly (ReadableSpan | WrittenSpan)[]): Promise<Uint8Array> {
  const receiver = await startReceiver();
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` });
  await new Promise((done) => exporter.export(spans as ReadableSpan[], done));
  await exporter.shutdown();
  await receiver.close();
  return receiver.requests[0]?.body as Uint8Array;
}

it('spans are written as the SDK writes them, byte for byte, whatever memory they share', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(span, fc.boolean()), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 3000 }),
      async (told, slabSize) => {
        const writer = new ProtobufWriter(slabSize);
        const spans = told.map(([one, isWritten]) => [spanOf(one), isWritten] as const);
        const ours = spans.filter(([, isWritten]) => isWritten).map(([one]) => one);
        const others = spans.filter(([, isWritten]) => !isWritten).map(([one]) => one);
        const waiting = spans.map(([one, isWritten]) => (isWritten ? new WrittenSpan(one, home, writer) : one));
        const alike = [ours, others].map((all) => ProtobufTraceSerializer.serializeRequest(all) as Uint8Array);
        expect(Buffer.concat(alike).equals(await sent(waiting))).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

it('a long message keeps no more memory than it has', () => {
  const writer = new ProtobufWriter(1000);
  const written = ['short', 'x'.repeat(100_000), 'short'].map((text) => {
    writer.begin();
    writer.text(1, text);
    return writer.finish();
  });
  expect(written.map(({ slab }) => slab.buffer.byteLength)).toEqual([1000, 100_004, 1000]);
  expect(written[1]?.slab).not.toBe(written[2]?.slab);
});
