import { INVALID_SPAN_CONTEXT, type SpanContext, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SpanHome } from './own-span.ts';
import type { ProtobufWriter, Written } from './protobuf-writer.ts';
import { writeSpan } from './span-writer.ts';

const SAMPLED: SpanContext = { ...INVALID_SPAN_CONTEXT, traceFlags: TraceFlags.SAMPLED };

/** A span that has ended and waits to be exported as the bytes that it will be: of the rest nothing needs to be kept. */
export class WrittenSpan {
  readonly message: Written;
  readonly home: SpanHome;

  constructor(span: ReadableSpan, home: SpanHome, writer: ProtobufWriter) {
    this.home = home;
    writer.begin();
    writeSpan(writer, span);
    this.message = writer.finish();
  }

  get resource() {
    return this.home.resource;
  }

  /** For the processor, which asks whether it was sampled: no other one is written. */
  spanContext(): SpanContext {
    return SAMPLED;
  }
}
