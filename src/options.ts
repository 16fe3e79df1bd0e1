import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { MetricReader, ViewOptions } from '@opentelemetry/sdk-metrics';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { monitorTagKeys } from './monitor-tags.ts';
import {
  contentSwitch,
  endpoints,
  fraction,
  genAiNames,
  type ModelEndpoint,
  milliseconds,
  names,
  oneOf,
  port,
  someOf,
  switchValue,
  text,
  wholeNumber,
} from './parsers.ts';
import { type PriceTable, priceTable } from './prices/table.ts';
import type { ContentRedactor } from './recorders/content.ts';
import type { GenAiProfile } from './recorders/profiles.ts';
import { thresholdSettings } from './thresholds.ts';
import { readVariable, type Setting, setting, type WarnOfVariable } from './variables.ts';

export type { ModelEndpoint } from './parsers.ts';
export type { ModelPrice, PriceTable } from './prices/table.ts';
export type { ContentMessage, ContentPart, ContentRedactor, ModelContent } from './recorders/content.ts';

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory'] as const;
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;

/** Every setting that has a variable: an option beats a `GAUGEWAY_*` variable beats a standard one beats the default. */
export const settings = {
  disabled: setting('Do nothing at all.', ['OTEL_SDK_DISABLED'], switchValue, false),
  serviceName: setting('`service.name` of the resource.', ['OTEL_SERVICE_NAME'], text, undefined as string | undefined),
  metricsExporters: setting('Where metrics go.', ['OTEL_METRICS_EXPORTER'], someOf(['otlp', 'prometheus', 'none']), [
    'otlp',
  ] as readonly ('otlp' | 'prometheus' | 'none')[]),
  metricsProtocol: setting(
    'Encoding of metrics over OTLP.',
    ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    oneOf(PROTOCOLS),
    'http/protobuf' as (typeof PROTOCOLS)[number],
  ),
  metricExportIntervalMs: setting(
    'Time between two exports of metrics.',
    ['OTEL_METRIC_EXPORT_INTERVAL'],
    milliseconds,
    60_000,
  ),
  metricExportTimeoutMs: setting('Longest export of metrics.', ['OTEL_METRIC_EXPORT_TIMEOUT'], milliseconds, 30_000),
  prometheusHost: setting(
    'Address of the Prometheus endpoint.',
    ['OTEL_EXPORTER_PROMETHEUS_HOST'],
    text,
    'localhost' as string,
  ),
  prometheusPort: setting('Port of the Prometheus endpoint.', ['OTEL_EXPORTER_PROMETHEUS_PORT'], port, 9464),
  metricsTemporality: setting(
    'Whether counters and histograms tell totals or changes over OTLP.',
    ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'],
    oneOf(TEMPORALITIES),
    'cumulative' as (typeof TEMPORALITIES)[number],
  ),
  tracesExporters: setting('Where spans go.', ['OTEL_TRACES_EXPORTER'], someOf(['otlp', 'none']), ['otlp'] as readonly (
    | 'otlp'
    | 'none'
  )[]),
  tracesProtocol: setting(
    'Encoding of spans over OTLP.',
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    oneOf(PROTOCOLS),
    'http/protobuf' as (typeof PROTOCOLS)[number],
  ),
  tracesSampler: setting(
    'Which traces are kept; metrics do not depend on it.',
    ['OTEL_TRACES_SAMPLER'],
    oneOf(SAMPLERS),
    'parentbased_always_on' as (typeof SAMPLERS)[number],
  ),
  tracesSamplerArgument: setting(
    'Share of traces that a ratio sampler keeps.',
    ['OTEL_TRACES_SAMPLER_ARG'],
    fraction,
    1,
  ),
  propagators: setting(
    'How trace context crosses processes.',
    ['OTEL_PROPAGATORS'],
    someOf(['tracecontext', 'baggage', 'none']),
    ['tracecontext', 'baggage'] as readonly ('tracecontext' | 'baggage' | 'none')[],
  ),
  spanQueueSize: setting('Spans held until they are exported.', ['OTEL_BSP_MAX_QUEUE_SIZE'], wholeNumber, 2048),
  spanBatchSize: setting('Spans of one export.', ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], wholeNumber, 512),
  spanExportDelayMs: setting('Time between two exports of spans.', ['OTEL_BSP_SCHEDULE_DELAY'], milliseconds, 5000),
  exitTimeoutMs: setting(
    'Longest time that the last export may hold an ending process.',
    ['GAUGEWAY_EXIT_TIMEOUT_MS'],
    milliseconds,
    3000,
  ),
  genAiNames: setting(
    'Generation of the GenAI names: `v1.41`, `latest` or both.',
    ['GAUGEWAY_GENAI_NAMES', 'OTEL_SEMCONV_STABILITY_OPT_IN'],
    genAiNames,
    ['v1.41'] as readonly GenAiProfile[],
  ),
  cost: setting('Tell what the tokens of model calls cost.', ['GAUGEWAY_COST'], switchValue, true),
  prices: setting(
    'Prices of your own, in USD for a million tokens: `{ "provider/model": { input, output, cacheRead?, cacheWrite? } }`; the variable names a JSON file.',
    ['GAUGEWAY_PRICES'],
    priceTable,
    {} as PriceTable,
  ),
  captureContent: setting(
    'Write what is said in model calls, prompts and answers, onto their spans. It is personal data.',
    ['GAUGEWAY_CAPTURE_CONTENT', 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'],
    contentSwitch,
    false,
  ),
  maxContentBytes: setting(
    'Most bytes of one attribute of content; what is longer loses its first messages, then the ends of its texts.',
    ['GAUGEWAY_MAX_CONTENT_BYTES'],
    wholeNumber,
    16_384,
  ),
  modelEndpoints: setting(
    'Base URLs of further model providers: `provider=url`, comma-separated.',
    ['GAUGEWAY_MODEL_ENDPOINTS'],
    endpoints,
    [] as readonly ModelEndpoint[],
  ),
  disabledInstrumentations: setting(
    'Names of instrumentations that stay off.',
    ['GAUGEWAY_DISABLED_INSTRUMENTATIONS'],
    names,
    [] as readonly string[],
  ),
  ...thresholdSettings,
  queuePollIntervalMs: setting(
    'Time between two looks at the sizes of the job queues of this process; off unless set. Each look asks the broker.',
    ['GAUGEWAY_QUEUE_POLL_INTERVAL_MS'],
    milliseconds,
    undefined as number | undefined,
  ),
  runtimeMetrics: setting(
    'Tell of event loop, garbage collection and heap, and of CPU, memory, threads and descriptors of the process.',
    ['GAUGEWAY_RUNTIME_METRICS'],
    switchValue,
    false,
  ),
  logLevel: setting(
    'Least severe of our own complaints that is said on stderr.',
    ['OTEL_LOG_LEVEL'],
    oneOf(LOG_LEVELS),
    'warn' as (typeof LOG_LEVELS)[number],
  ),
  maxAttributeValues: setting(
    'Distinct values kept of each metric attribute; later ones become `other`.',
    ['GAUGEWAY_MAX_ATTRIBUTE_VALUES'],
    wholeNumber,
    200,
  ),
  monitorTags: setting(
    'Keys of tags given to a monitor that become attributes of its metrics, comma-separated; all others stay in the monitor.',
    ['GAUGEWAY_MONITOR_TAGS'],
    monitorTagKeys,
    [] as readonly string[],
  ),
} as const;

type Settings = { -readonly [K in keyof typeof settings]: (typeof settings)[K]['fallback'] };

/** Things that only code can give. */
interface CodeOptions {
  /** Takes out of captured content what must not leave. Where it throws or returns no content, nothing leaves. */
  readonly redactContent?: ContentRedactor;
  /** Views of the application's own; one that matches an instrument of ours takes the place of our view. */
  readonly views?: readonly ViewOptions[];
  /** Metric readers beside those of the variables. */
  readonly metricReaders?: readonly MetricReader[];
  /** Span processors beside those of the variables. */
  readonly spanProcessors?: readonly SpanProcessor[];
  /** Instrumentations of the application's own, set up together with ours. */
  readonly instrumentations?: readonly Instrumentation[];
}

/** Options of `setup()`; all optional. */
export type Options = Partial<Readonly<Settings>> & CodeOptions;

/** Options with every default filled in. */
export type ResolvedOptions = Readonly<Settings> &
  Required<Omit<CodeOptions, 'redactContent'>> &
  Pick<CodeOptions, 'redactContent'>;

const CODE_OPTIONS = ['views', 'metricReaders', 'spanProcessors', 'instrumentations'] as const;

/** Fills in variables and defaults: a wrong option throws, a wrong variable is told through `warn` and left out. */
export function resolveOptions(
  options: Options,
  environment: Readonly<Record<string, string | undefined>>,
  warn: WarnOfVariable,
): ResolvedOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError('gaugeway: options must be an object, as in setup({ serviceName: "my-gateway" })');
  }
  const known = new Set<string>([...Object.keys(settings), 'redactContent', ...CODE_OPTIONS]);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) {
      throw new TypeError(`gaugeway: unknown option "${name}"; the options are ${[...known].join(', ')}`);
    }
  }
  // Two settings may share a variable, which is still complained about once.
  const told = new Set<string>();
  const warnOnce: WarnOfVariable = (message, variable) => {
    if (!told.has(variable)) warn(message, variable);
    told.add(variable);
  };
  const resolved: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings) as [string, Setting<unknown>][]) {
    const given: unknown = options[name as keyof Options];
    if (given === undefined) {
      resolved[name] = readVariable(setting, environment, warnOnce);
    } else if (setting.parser.accepts(given)) {
      resolved[name] = given;
    } else {
      throw new TypeError(`gaugeway: option "${name}" must be ${setting.parser.expects}`);
    }
  }
  for (const name of CODE_OPTIONS) {
    const given = options[name] ?? [];
    if (!Array.isArray(given)) throw new TypeError(`gaugeway: option "${name}" must be an array`);
    resolved[name] = given;
  }
  const { redactContent } = options;
  if (redactContent !== undefined && typeof redactContent !== 'function') {
    throw new TypeError('gaugeway: option "redactContent" must be a function');
  }
  resolved.redactContent = redactContent;
  return Object.freeze(resolved) as unknown as ResolvedOptions;
}
