import type { Attributes, SpanContext, TraceState } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { SpanHome } from './own-span.ts';
import { hasVarint, type ProtobufWriter } from './protobuf-writer.ts';
import type { WrittenSpan } from './written-span.ts';

/*
 * Spans as messages of opentelemetry/proto/trace/v1/trace.proto, byte for byte as the SDK writes them: it does so for
 * hundreds at once, and each of them twice, as it first counts their bytes.
 */

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Bytes of the length of most spans. */
const ROOM = 2;

/** Writes a span as one of the spans of a scope, where it only has to be copied to. */
export function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const message = writer.open(2, ROOM);
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const parent = span.parentSpanContext;
  writer.hex(1, traceId);
  writer.hex(2, spanId);
  writeSomeText(writer, 3, textOf(traceState));
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.text(5, String(span.name));
  writer.varint(6, span.kind + 1);
  writer.time(7, span.startTime);
  writer.time(8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writer.varint(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.varint(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.varint(14, span.droppedLinksCount);
  const status = writer.open(15);
  writeSomeText(writer, 2, span.status.message);
  writer.varint(3, span.status.code);
  writer.close(status);
  writer.fixed32(16, flagsOf(traceFlags, parent));
  writer.close(message, ROOM);
}

/** Spans that have been written, all of one home, as a part of an export request. */
export function writeResourceSpans(writer: ProtobufWriter, home: SpanHome, spans: readonly WrittenSpan[]): void {
  const { resource, instrumentationScope: scope } = home;
  const resourceSpans = writer.open(1);
  const described = writer.open(1);
  writeAttributes(writer, 1, resource.attributes);
  writer.varint(2, 0);
  writer.close(described);
  const scopeSpans = writer.open(2);
  const named = writer.open(1);
  writer.text(1, scope.name);
  writeSomeText(writer, 2, scope.version);
  writer.close(named);
  copySpans(writer, spans);
  writer.close(scopeSpans);
  writeSomeText(writer, 3, resource.schemaUrl);
  writer.close(resourceSpans);
}

/** Those that lie one behind the other, as most do, at once. */
function copySpans(writer: ProtobufWriter, spans: readonly WrittenSpan[]): void {
  let from: number | undefined;
  for (let index = 0; index < spans.length; index++) {
    const { slab, from: start, to } = (spans[index] as WrittenSpan).message;
    from ??= start;
    const next = spans[index + 1]?.message;
    if (next?.slab === slab && next.from === to) continue;
    writer.fields(slab.subarray(from, to));
    from = undefined;
  }
}

function writeEvent(writer: ProtobufWriter, event: TimedEvent): void {
  const message = writer.open(11);
  writer.time(1, event.time);
  writer.text(2, String(event.name));
  if (event.attributes !== undefined) writeAttributes(writer, 3, event.attributes);
  writer.varint(4, event.droppedAttributesCount ?? 0);
  writer.close(message);
}

function writeLink(
  writer: ProtobufWriter,
  { context, attributes, droppedAttributesCount }: ReadableSpan['links'][0],
): void {
  const message = writer.open(13);
  writer.hex(1, context.traceId);
  writer.hex(2, context.spanId);
  writeSomeText(writer, 3, textOf(context.traceState));
  if (attributes !== undefined) writeAttributes(writer, 4, attributes);
  writer.varint(5, droppedAttributesCount ?? 0);
  writer.fixed32(6, flagsOf(context.traceFlags, context));
  writer.close(message);
}

/** One that came through JSON, as with a job, is an empty object. */
function textOf(traceState: Partial<TraceState> | undefined): string | undefined {
  return traceState?.serialize?.();
}

/** @param context whose `isRemote` is told */
function flagsOf(traceFlags: number, context: SpanContext | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (context?.isRemote === true ? IS_REMOTE : 0);
}

function writeSomeText(writer: ProtobufWriter, field: number, text: string | undefined): void {
  if (text) writer.text(field, text);
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) if (Object.hasOwn(attributes, key)) writePair(writer, field, key, attributes[key]);
}

function writePair(writer: ProtobufWriter, field: number, key: string, value: unknown): void {
  const pair = writer.open(field);
  writer.text(1, key);
  writeValue(writer, 2, value);
  writer.close(pair);
}

/** A value of any kind as a message of its own; what is no value is an empty one. */
function writeValue(writer: ProtobufWriter, field: number, value: unknown): void {
  const message = writer.open(field);
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    const list = writer.open(5);
    for (const item of value) writeValue(writer, 1, item);
    writer.close(list);
  } else if (typeof value === 'object' && value !== null) {
    const map = writer.open(6);
    writeAttributes(writer, 1, value as Attributes);
    writer.close(map);
  }
  writer.close(message);
}

function writeNumber(writer: ProtobufWriter, value: number): void {
  if (hasVarint(value)) writer.varint(3, value);
  else writer.double(4, value);
}
