import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SpanHome } from './own-span.ts';
import type { ProtobufWriter, Written } from './protobuf-writer.ts';
import { writeSpan } from './span-writer.ts';

/** A span that has ended and waits to be exported as the bytes that it will be: of the rest nothing needs to be kept. */
export class WrittenSpan {
  readonly message: Written;
  readonly home: SpanHome;
  readonly #context: SpanContext;

  constructor(span: ReadableSpan, home: SpanHome, writer: ProtobufWriter) {
    this.home = home;
    this.#context = span.spanContext();
    writer.begin();
    writeSpan(writer, span);
    this.message = writer.finish();
  }

  get resource() {
    return this.home.resource;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}
