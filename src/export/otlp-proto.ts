import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
  type OTLPExporterNodeConfigBase,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { type ISerializer, ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ProtobufWriter } from './protobuf-writer.ts';
import { writeResourceSpans } from './span-writer.ts';
import type { WrittenSpan } from './written-span.ts';

export { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';

const SIGNAL = ['TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' }] as const;

/** As the one of @opentelemetry/exporter-trace-otlp-proto, and takes spans too that have been written. */
export class OTLPTraceExporter extends OTLPExporterBase<ReadableSpan[]> {
  constructor(settings: OTLPExporterNodeConfigBase) {
    const options = convertLegacyHttpOptions(settings, ...SIGNAL);
    super(
      createOtlpHttpExportDelegate(
        options,
        serializer,
        'otlp_http_span_exporter',
        TraceExporterMetricsHelper,
        undefined,
      ),
    );
  }
}

const serializer: ISerializer<ReadableSpan[], unknown> = {
  serializeRequest(spans) {
    const [written, others] = [[] as WrittenSpan[], [] as ReadableSpan[]];
    for (const span of spans as (ReadableSpan | WrittenSpan)[]) {
      // Not by its class: under tsx, whoever wrote it may have another copy of that.
      if ('message' in span) written.push(span);
      else others.push(span);
    }
    const theirs = others.length === 0 ? undefined : ProtobufTraceSerializer.serializeRequest(others);
    if (written.length === 0) return theirs;
    const ours = requestOf(written);
    // Requests that follow each other are one: all that a request has is a list.
    return theirs === undefined ? ours : Buffer.concat([ours, theirs]);
  },
  deserializeResponse: (bytes) => ProtobufTraceSerializer.deserializeResponse(bytes),
};

/** Room for what a request has beside its spans, most times. */
const HEAD = 8 * 1024;

function requestOf(spans: readonly WrittenSpan[]): Uint8Array {
  const length = spans.reduce((sum, { message }) => sum + message.to - message.from, HEAD);
  const writer = new ProtobufWriter(length);
  for (const [home, all] of Map.groupBy(spans, (span) => span.home)) writeResourceSpans(writer, home, all);
  const { slab, from, to } = writer.finish();
  return slab.subarray(from, to);
}
