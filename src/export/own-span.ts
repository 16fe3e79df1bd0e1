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
  hrTime,
  hrTimeDuration,
  isTimeInput,
  isTimeInputHrTime,
  maybeAddAttribute,
  millisToHrTime,
} from '@opentelemetry/core';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';

/** The SDK's own limits of a span: of its attributes, of its events and links, and of the attributes of each. */
const MAX = 128;
const LIMITS = { attributeCountLimit: MAX, attributeValueLengthLimit: Number.POSITIVE_INFINITY };

/** A later time is none of `performance.now()`: three years after the start of a process. */
const MAX_UPTIME_MS = 1e11;

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

/**
 * A span as the SDK makes one, for the spans that gaugeway itself starts: those are made and ended in the middle of the
 * application's work. The SDK (3.1) makes a WeakSet of each value of an attribute, in search of circles, and looks through
 * the attributes of the start twice; here texts, numbers and flags are simply kept, and the rest goes the SDK's way. What
 * an application hands in that is nothing of the kind is ignored; the SDK throws at some of it.
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
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  // Not by `#`: an application may put a proxy around the span that is active.
  private readonly home: SpanHome;
  private readonly context: SpanContext;
  /** Where nobody told when it began, it ends by the same clock. */
  private readonly startedAt: number | undefined;
  private attributesCount = 0;

  constructor({ name, kind, context, parent, attributes, links, startTime }: SpanStart, home: SpanHome) {
    this.name = name;
    this.kind = kind;
    this.context = context;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.home = home;
    this.startTime = timeOf(startTime) ?? millisToHrTime(Date.now());
    if (startTime === undefined) this.startedAt = performance.now();
    if (attributes !== undefined) this.setAttributes(attributes);
    if (links !== undefined && links.length > 0) this.addLinks(links);
  }

  get resource() {
    return this.home.resource;
  }

  get instrumentationScope() {
    return this.home.instrumentationScope;
  }

  spanContext(): SpanContext {
    return this.context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ended) return this;
    const { attributes } = this;
    if (isPlain(value) && this.attributesCount < MAX && typeof key === 'string' && key.length > 0) {
      if (!Object.hasOwn(attributes, key)) this.attributesCount++;
      attributes[key] = typeof value === 'object' ? [...value] : value;
      return this;
    }
    const decision = maybeAddAttribute({
      key: String(key),
      value,
      attributes,
      limits: LIMITS,
      currentAttributesCount: this.attributesCount,
    });
    if (decision === AddAttributeDecision.ADD_NEW) this.attributesCount++;
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
    const event = { name, time: timeOf(at) ?? this.now(), ...cleanSimpleAttributes(attributes, LIMITS) };
    if (this.events.push(event) > MAX) {
      this.events.shift();
      this.droppedEventsCount++;
    }
    return this;
  }

  addLink(link: Link): this {
    if (this.ended || !link?.context) return this;
    const added = { context: link.context, ...cleanAttributes(link.attributes, LIMITS) } as Link;
    if (this.links.push(added) > MAX) {
      this.links.shift();
      this.droppedLinksCount++;
    }
    return this;
  }

  addLinks(links: readonly Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.ended || !status?.code) return this;
    // What somebody has called a success stays one.
    if (this.status.code === SpanStatusCode.OK) return this;
    const { code, message } = status;
    const isTold = code === SpanStatusCode.ERROR && typeof message === 'string';
    this.status = isTold ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (this.ended || !exception) return;
    const told = (typeof exception === 'string' ? { message: exception } : exception) as ExceptionParts;
    const type = told.code ? String(told.code) : told.name;
    // One that says nothing is none.
    if (!type && !told.message) return;
    const attributes: Attributes = {};
    if (type) attributes['exception.type'] = type;
    if (told.message) attributes['exception.message'] = told.message;
    if (told.stack) attributes['exception.stacktrace'] = told.stack;
    this.addEvent('exception', attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (this.ended) return diag.error(`the span ${this.name} has ended already`);
    const at = timeOf(endTime) ?? this.now();
    const duration = hrTimeDuration(this.startTime, at);
    const isPossible = duration[0] >= 0;
    this.endTime = isPossible ? at : [...this.startTime];
    this.duration = isPossible ? duration : [0, 0];
    this.ended = true;
    this.home.ended(this);
  }

  private now(): HrTime {
    if (this.startedAt === undefined) return millisToHrTime(Date.now());
    return addHrTimes(this.startTime, millisToHrTime(performance.now() - this.startedAt));
  }
}

type ExceptionParts = Partial<Record<'code' | 'name' | 'message' | 'stack', string>>;

/** Text, a number, a flag or a list of texts. */
function isPlain(value: unknown): value is string | number | boolean | string[] {
  const type = typeof value;
  if (type === 'string' || type === 'number' || type === 'boolean') return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Undefined for what is no time. */
function timeOf(time: TimeInput | undefined): HrTime | undefined {
  if (typeof time === 'number') {
    if (time > MAX_UPTIME_MS) return millisToHrTime(time);
    const now = performance.now();
    // Of `performance.now()`, whose origin is not where the wall clock has been put since.
    return time <= now ? hrTime(time + Date.now() - performance.timeOrigin - now) : millisToHrTime(time);
  }
  if (time instanceof Date) return millisToHrTime(time.getTime());
  return isTimeInputHrTime(time) ? time : undefined;
}
