import { type Attributes, type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import type { ModelCall, ModelTarget } from '../observations.ts';
import { guarded } from '../observe.ts';
import { isAlike } from './call-details.ts';
import { contentAttributes, type ModelContent } from './content.ts';
import { genAiProfiles } from './profiles.ts';
import { endSpan, isTraced, startSpan } from './tracer.ts';

/** The span of one model call, where there is one. */
export class ModelSpan {
  /** The context in which it is active. */
  readonly context: Context;
  readonly #span: Span | undefined;
  /** What it has been told at its start. */
  readonly #told: ModelTarget | undefined;

  constructor(context: Context, span?: Span, told?: ModelTarget) {
    this.context = context;
    this.#span = span;
    this.#told = told;
  }

  end(call: ModelCall, statusCode: number | undefined, content?: () => ModelContent): void {
    endSpan(this.#span, call.startTime + call.durationMs, call.errorType, (span) => {
      describe(span, this.#told, call, statusCode);
      if (content !== undefined) guarded('capturing content', () => span.setAttributes(contentAttributes(content)));
    });
  }

  /** The call is given up: whoever takes it up in this context takes the span over, else it ends without a verdict. */
  drop(endTime: number): void {
    if (this.#span !== undefined) leave(this.#span, endTime);
  }
}

/** Attributes that a sampler may read are set at the start, as the GenAI convention asks. */
export function startModelSpan(
  target: ModelTarget,
  startTime: number,
  parent: Context,
  isWanted: boolean | undefined = true,
): ModelSpan {
  if (!isWanted || !isTraced()) return new ModelSpan(parent);
  const before = takeOver(trace.getSpan(parent));
  if (before !== undefined) return new ModelSpan(parent, before);
  if (hasModelSpan(parent)) return new ModelSpan(parent);
  const options = { kind: SpanKind.CLIENT, startTime, attributes: targetAttributes(target) };
  const span = startSpan(nameOf(target), options, parent);
  return new ModelSpan(withSpan(parent, span), span, target);
}

/** How long a call whose work handed back no answer may take to ask for one. */
const LEFT_MS = 10_000;

/** More of them than this end at once. */
const MAX_LEFT = 1000;

/** Spans of calls that were given up, each with the timer that ends it. */
const left = new Map<Span, ReturnType<typeof setTimeout>>();
const takenOver = new WeakSet<Span>();

/**
 * The call was given up as nothing had been asked yet. What asks later in its context, as the stream of an object that
 * came at once, is this very call: it takes the span over, and tells how it ended.
 */
function leave(span: Span, endTime: number): void {
  if (!span.isRecording() || left.size >= MAX_LEFT) return endSpan(span, endTime);
  const timer = setTimeout(() => {
    if (left.delete(span)) endSpan(span, endTime);
  }, LEFT_MS);
  (timer as { unref?: () => void }).unref?.();
  left.set(span, timer);
}

function takeOver(span: Span | undefined): Span | undefined {
  const timer = span && left.get(span);
  if (span === undefined || timer === undefined) return undefined;
  clearTimeout(timer);
  left.delete(span);
  takenOver.add(span);
  return span;
}

/**
 * An SDK with spans of its own (@anthropic-ai/sdk from 0.134) or another instrumentation has already opened the span of
 * this very call: a second one would count its tokens twice. One that has ended is of an earlier call in this context.
 */
function hasModelSpan(parent: Context): boolean {
  const span = trace.getSpan(parent) as (Span & { attributes?: Attributes }) | undefined;
  if (span?.isRecording() !== true || takenOver.has(span)) return false;
  return MODEL_OPERATIONS.has(span.attributes?.['gen_ai.operation.name']);
}

const MODEL_OPERATIONS = new Set<unknown>(['chat', 'generate_content', 'text_completion', 'embeddings']);

function nameOf(target: ModelTarget): string {
  return target.requestModel === undefined ? target.operation : `${target.operation} ${target.requestModel}`;
}

function targetAttributes(target: ModelTarget): Attributes {
  const attributes: Attributes = {
    'gen_ai.operation.name': target.operation,
    'gen_ai.provider.name': target.provider,
  };
  if (target.requestModel !== undefined) attributes['gen_ai.request.model'] = target.requestModel;
  if (target.serverAddress !== undefined) attributes['server.address'] = target.serverAddress;
  if (target.serverPort !== undefined) attributes['server.port'] = target.serverPort;
  if (target.streaming) attributes['gen_ai.request.stream'] = true;
  return attributes;
}

const MODALITIES = [
  ['textInput', 'gen_ai.usage.text.input_tokens'],
  ['imageInput', 'gen_ai.usage.image.input_tokens'],
  ['audioInput', 'gen_ai.usage.audio.input_tokens'],
  ['textOutput', 'gen_ai.usage.text.output_tokens'],
  ['imageOutput', 'gen_ai.usage.image.output_tokens'],
  ['audioOutput', 'gen_ai.usage.audio.output_tokens'],
] as const;

/** @param told what the span has been told at its start */
function describe(span: Span, told: ModelTarget | undefined, call: ModelCall, statusCode: number | undefined): void {
  span.setAttribute('gaugeway.outcome', call.outcome);
  // What it asks for may be known only since it began.
  if (told === undefined || !isAlike(told, call)) {
    span.updateName(nameOf(call));
    span.setAttributes(targetAttributes(call));
  }
  const set = (key: string, value: string | number | string[] | undefined): void => {
    if (value !== undefined) span.setAttribute(key, value);
  };
  set('gen_ai.response.model', call.responseModel);
  set('gen_ai.response.id', call.responseId);
  set('http.response.status_code', statusCode);
  if (call.finishReasons.length > 0) set('gen_ai.response.finish_reasons', [...call.finishReasons]);
  if (call.timeToFirstChunkMs !== undefined && call.streaming) {
    set('gen_ai.response.time_to_first_chunk', call.timeToFirstChunkMs / 1000);
  }
  const { usage } = call;
  if (usage !== undefined) {
    set('gen_ai.usage.input_tokens', usage.input);
    set('gen_ai.usage.output_tokens', usage.output);
    set('gen_ai.usage.cache_read.input_tokens', usage.cacheRead);
    set('gen_ai.usage.reasoning.output_tokens', usage.reasoning);
    for (const [field, attribute] of MODALITIES) {
      // A kind that did not occur is told by most providers with every call.
      if (usage[field] !== 0) set(attribute, usage[field]);
    }
    const profiles = genAiProfiles();
    if (profiles.includes('latest')) set('gen_ai.usage.cache_write.input_tokens', usage.cacheWrite);
    if (profiles.includes('v1.41')) set('gen_ai.usage.cache_creation.input_tokens', usage.cacheWrite);
  }
  if (call.provider === 'openai') set('openai.response.service_tier', call.serviceTier);
  set('gaugeway.model.cost', call.cost);
}
