import {
  type Attributes,
  type AttributeValue,
  diag,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import {
  AddAttributeDecision,
  addHrTimes,
  cleanAttributes,
  cleanSimpleAttributes,
  hrTimeDuration,
  isTimeInput,
  maybeAddAttribute,
  millisToHrTime,
  timeInputToHrTime,
} from '@opentelemetry/core';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';

/** The SDK's own limits of a span: of its attributes, of its events and links, and of the attributes of each. */
const MAX = 128;
const LIMITS = { attributeCountLimit: MAX, attributeValueLengthLimit: Number.POSITIVE_INFINITY };

/** What all spans of a tracer share, and who takes them when they have ended. */
export interface SpanHome extends Pick<ReadableSpan, 'resource' | 'instrumentationScope'> {
  ended(span: ReadableSpan): void;
}

/** What a span begins with. */
export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes | undefined;
  readonly links: readonly Link[] | undefined;
  readonly startTime: TimeInput | undefined;
}

const NO_EVENTS: TimedEvent[] = [];
const NO_LINKS: Link[] = [];

type ExceptionParts = Partial<Record<'code' | 'name' | 'message' | 'stack', string>>;

/**
 * A span as the SDK makes one, for the spans that gaugeway itself starts: those are made and ended in the middle of the
 * application's work. The SDK (3.1) makes a WeakSet of each value of an attribute, in search of circles, and looks through
 * the attributes of the start twice; here text, numbers and flags are simply kept, and the rest goes the SDK's way.
 */
export class OwnSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly attributes: Attributes = {};
  endTime: HrTime = [0, 0];
  duration: HrTime = [-1, -1];
  status: SpanStatus = { code: SpanStatusCode.UNSET };
  ended = false;
  events = NO_EVENTS;
  links = NO_LINKS;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly #home: SpanHome;
  readonly #context: SpanContext;
  /** Where nobody told when it began, it ends by the same clock. */
  readonly #startedAt: number | undefined;
  #attributesCount = 0;

  constructor({ name, kind, context, parent, attributes, links, startTime }: SpanStart, home: SpanHome) {
    this.name = name;
    this.kind = kind;
    this.#context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.#home = home;
    this.startTime = timeOf(startTime) ?? millisToHrTime(Date.now());
    if (startTime === undefined) this.#startedAt = performance.now();
    if (attributes !== undefined) this.setAttributes(attributes);
    if (links !== undefined && links.length > 0) this.addLinks(links);
  }

  get resource() {
    return this.#home.resource;
  }

  get instrumentationScope() {
    return this.#home.instrumentationScope;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ended) return this;
    const { attributes } = this;
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isPlain && this.#attributesCount < MAX && key.length > 0) {
      if (!Object.hasOwn(attributes, key)) this.#attributesCount++;
      attributes[key] = value;
      return this;
    }
    const decision = maybeAddAttribute({
      key,
      value,
      attributes,
      limits: LIMITS,
      currentAttributesCount: this.#attributesCount,
    });
    if (decision === AddAttributeDecision.ADD_NEW) this.#attributesCount++;
    else if (decision === AddAttributeDecision.DROP_LIMIT_REACHED) this.droppedAttributesCount++;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.setAttribute(key, attributes[key] as AttributeValue);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    const [attributes, at] = isTimeInput(attributesOrTime)
      ? [undefined, isTimeInput(time) ? time : attributesOrTime]
      : [attributesOrTime, time];
    if (this.events === NO_EVENTS) this.events = [];
    else if (this.events.length >= MAX) {
      this.events.shift();
      this.droppedEventsCount++;
    }
    this.events.push({ name, time: timeOf(at) ?? this.#now(), ...cleanSimpleAttributes(attributes, LIMITS) });
    return this;
  }

  addLink({ context, attributes }: Link): this {
    if (this.ended) return this;
    if (this.links === NO_LINKS) this.links = [];
    else if (this.links.length >= MAX) {
      this.links.shift();
      this.droppedLinksCount++;
    }
    this.links.push({ context, ...cleanAttributes(attributes, LIMITS) } as Link);
    return this;
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    // What somebody has called a success stays one.
    if (this.ended || code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK) return this;
    const isTold = code === SpanStatusCode.ERROR && typeof message === 'string';
    this.status = isTold ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const told = typeof exception === 'string' ? { message: exception } : (Object(exception) as ExceptionParts);
    const { code, name, message, stack } = told;
    const type = code ? String(code) : name;
    // One that says nothing is none.
    if (!type && !message) return;
    this.addEvent(
      'exception',
      { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack },
      time,
    );
  }

  end(endTime?: TimeInput): void {
    if (this.ended) return diag.error(`the span ${this.name} has ended already`);
    const at = timeOf(endTime) ?? this.#now();
    const duration = hrTimeDuration(this.startTime, at);
    const isPossible = duration[0] >= 0;
    this.endTime = isPossible ? at : this.startTime;
    this.duration = isPossible ? duration : [0, 0];
    this.ended = true;
    this.#home.ended(this);
  }

  #now(): HrTime {
    if (this.#startedAt === undefined) return millisToHrTime(Date.now());
    return addHrTimes(this.startTime, millisToHrTime(performance.now() - this.#startedAt));
  }
}

function timeOf(time: TimeInput | undefined): HrTime | undefined {
  return time === undefined ? undefined : timeInputToHrTime(time);
}
