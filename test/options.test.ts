import { describe, expect, it } from 'vitest';
import { type Options, resolveOptions, settings } from '../src/options.ts';

function resolve(options: Options, environment: Record<string, string> = {}) {
  const warnings: string[] = [];
  const resolved = resolveOptions(options, environment, (message) => warnings.push(message));
  return { resolved, warnings };
}

type Setting = keyof typeof settings;

interface Example {
  /** What a variable says, and what it means. */
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
  /** What code may give besides what the variables mean. */
  readonly wrong: readonly unknown[];
}

const MS: Example = {
  good: [
    ['250', 250],
    [' 1 ', 1],
  ],
  bad: ['abc', '0', '-5', '1.5', '1s', '1e12', 'NaN', 'Infinity'],
  wrong: ['250', 0, Number.NaN, null],
};
const WHOLE: Example = { good: [['3', 3]], bad: ['0', '-1', '2.5', 'many'], wrong: ['3', 0, 1.5] };
const POSITIVE: Example = { good: [['2.5', 2.5]], bad: ['0', '-1', 'fast'], wrong: ['3', 0, Number.NaN] };
const PROTOCOL: Example = {
  good: [
    ['http/json', 'http/json'],
    ['HTTP/PROTOBUF', 'http/protobuf'],
  ],
  bad: ['grpc', 'json'],
  wrong: ['grpc', true],
};
const TEXT: Example = { good: [['my-gateway', 'my-gateway']], bad: [], wrong: ['', 7] };

const SWITCH: Example = {
  good: [
    ['TRUE', true],
    ['false', false],
  ],
  bad: ['yes', '1', 'constructor', '__proto__'],
  wrong: ['true', 1],
};

const examples: Record<Setting, Example> = {
  disabled: SWITCH,
  serviceName: TEXT,
  metricsExporters: {
    good: [
      ['otlp,prometheus', ['otlp', 'prometheus']],
      ['none', ['none']],
    ],
    bad: ['console', 'otlp;prometheus'],
    wrong: ['otlp', ['console']],
  },
  metricsProtocol: PROTOCOL,
  metricExportIntervalMs: MS,
  metricExportTimeoutMs: MS,
  prometheusHost: { ...TEXT, good: [['0.0.0.0', '0.0.0.0']] },
  prometheusPort: {
    good: [
      ['0', 0],
      ['9999', 9999],
    ],
    bad: ['-1', '65536', 'http'],
    wrong: ['9464', -1],
  },
  metricsTemporality: {
    good: [
      ['Delta', 'delta'],
      ['lowmemory', 'lowmemory'],
    ],
    bad: ['deltas', 'none'],
    wrong: ['DELTA', 1],
  },
  tracesExporters: { good: [['none', ['none']]], bad: ['jaeger', 'console'], wrong: ['otlp', ['zipkin']] },
  tracesProtocol: PROTOCOL,
  tracesSampler: { good: [['always_off', 'always_off']], bad: ['jaeger_remote', 'on'], wrong: ['on', 1] },
  tracesSamplerArgument: { good: [['0.25', 0.25]], bad: ['7', '-0.1', 'half'], wrong: ['0.5', 2] },
  propagators: { good: [['baggage', ['baggage']]], bad: ['b3', 'tracecontext,b3'], wrong: ['none', ['b3']] },
  spanQueueSize: WHOLE,
  spanBatchSize: WHOLE,
  spanExportDelayMs: MS,
  exitTimeoutMs: MS,
  genAiNames: {
    good: [
      ['latest', ['latest']],
      ['both', ['v1.41', 'latest']],
      ['latest, v1.41', ['v1.41', 'latest']],
      ['V1.41', ['v1.41']],
    ],
    bad: ['v2', 'v1.40'],
    wrong: ['both', [], ['v2']],
  },
  cost: SWITCH,
  captureContent: {
    good: [
      ['true', true],
      ['SPAN_ONLY', true],
      ['span_and_event', true],
      ['NO_CONTENT', false],
      ['event_only', false],
    ],
    bad: ['yes', 'spans'],
    wrong: ['true', 1],
  },
  maxContentBytes: WHOLE,
  prices: {
    good: [['test/fixtures/prices.json', { 'openai/gpt-4o': { input: 2, output: 8, cacheRead: 1 } }]],
    bad: ['no/such/file.json', 'package.json', '{}'],
    wrong: [
      'prices.json',
      [],
      { m: 1 },
      { m: { input: -1, output: 1 } },
      { m: { input: 1 } },
      { m: { input: 1, output: 1, cached: 1 } },
    ],
  },
  modelEndpoints: {
    good: [
      ['a=http://h:1/v1', [{ provider: 'a', url: 'http://h:1/v1' }]],
      [
        'a=http://h/x?y=1, b.c=https://h',
        [
          { provider: 'a', url: 'http://h/x?y=1' },
          { provider: 'b.c', url: 'https://h' },
        ],
      ],
    ],
    bad: ['http://h/v1', 'a=', '=http://h', 'a=ftp://h', 'a b=http://h'],
    wrong: ['a=http://h', [{ provider: 'a' }], [{ provider: 'a', url: 'h' }], [null]],
  },
  disabledInstrumentations: { good: [['wire, pg-boss', ['wire', 'pg-boss']]], bad: [], wrong: ['wire', [1]] },
  apiLatencyMs: POSITIVE,
  dbQueryMs: POSITIVE,
  httpErrorRate: { good: [['0.01', 0.01]], bad: ['5', '-1', '1%'], wrong: ['0.5', 2] },
  logLevel: { good: [['DEBUG', 'debug']], bad: ['loud'], wrong: ['loud', 30] },
  queuePollIntervalMs: MS,
  runtimeMetrics: SWITCH,
  maxAttributeValues: WHOLE,
  monitorTags: {
    good: [
      ['tenant, region', ['tenant', 'region']],
      ['a.b-c_9', ['a.b-c_9']],
    ],
    bad: ['modelId', 'error.type', 'a.b,a_b', 'tenant;region', '1'],
    wrong: ['tenant', [7], ['tenant', 'tenant'], Array.from({ length: 17 }, (_, i) => `tag${i}`)],
  },
};

describe.each(Object.keys(settings) as Setting[])('%s', (name) => {
  const { fallback, parser } = settings[name];
  const variables: readonly string[] = settings[name].variables;
  const { good, bad, wrong } = examples[name];
  const dedicated = variables[0] ?? '';

  it('has its default when nothing is set, or only blanks', () => {
    expect(resolve({}).resolved[name]).toEqual(fallback);
    const { resolved, warnings } = resolve({}, Object.fromEntries(variables.map((variable) => [variable, '  '])));
    expect([resolved[name], warnings]).toEqual([fallback, []]);
  });

  it('is read from its variables, the first that is set wins, and an option beats them', () => {
    for (const [text, value] of good) {
      const { resolved, warnings } = resolve({}, { [dedicated]: text });
      expect([resolved[name], warnings]).toEqual([value, []]);
      for (const other of good) {
        expect(resolve({ [name]: other[1] }, { [dedicated]: text }).resolved[name]).toEqual(other[1]);
      }
    }
  });

  it('a wrong variable is one line with its name and what is in force', () => {
    for (const text of bad) {
      const { resolved, warnings } = resolve({}, { [dedicated]: text });
      expect(resolved[name]).toEqual(fallback);
      const isEmpty = typeof fallback === 'object' ? Object.keys(fallback).length === 0 : (fallback ?? '') === '';
      const inForce = isEmpty ? 'none' : String(fallback);
      expect(warnings).toEqual([
        `${dedicated}="${text}" is ignored: it must be ${parser.expects}; ${inForce} is in force`,
      ]);
    }
  });

  it('a wrong option throws, and names itself and what it must be', () => {
    for (const value of wrong) {
      expect(() => resolve({ [name]: value })).toThrow(
        new TypeError(`gaugeway: option "${name}" must be ${parser.expects}`),
      );
    }
  });
});

it('a wrong variable leaves the next one in force, and a shared one is complained about once', () => {
  const { resolved, warnings } = resolve(
    {},
    { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  );
  expect([resolved.metricsProtocol, resolved.tracesProtocol]).toEqual(['http/json', 'http/json']);
  expect(warnings).toEqual([
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL="grpc" is ignored: it must be one of http/protobuf, http/json; http/json is in force',
  ]);
  expect(resolve({}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).warnings).toHaveLength(1);
});

it.each([
  ['gen_ai_latest_experimental', ['latest']],
  ['http/dup,gen_ai_latest_experimental', ['latest']],
  ['gen_ai/dup', ['v1.41', 'latest']],
  ['database, gen_ai/dup', ['v1.41', 'latest']],
  ['http/dup', ['v1.41']],
  ['http,database/dup,of_the_future', ['v1.41']],
])('OTEL_SEMCONV_STABILITY_OPT_IN=%s means %j, and words for others are none of our business', (value, profiles) => {
  const { resolved, warnings } = resolve({}, { OTEL_SEMCONV_STABILITY_OPT_IN: value });
  expect([resolved.genAiNames, warnings]).toEqual([profiles, []]);
});

it('our own variable of the GenAI names beats that of the convention', () => {
  const environment = { GAUGEWAY_GENAI_NAMES: 'v1.41', OTEL_SEMCONV_STABILITY_OPT_IN: 'gen_ai_latest_experimental' };
  expect(resolve({}, environment).resolved.genAiNames).toEqual(['v1.41']);
});

it('an unknown option throws and lists the known ones', () => {
  expect(() => resolve({ servicename: 'x' } as Options)).toThrow(
    /^gaugeway: unknown option "servicename"; the options are disabled, serviceName, .*, instrumentations$/,
  );
  expect(() => resolve({ views: {} } as unknown as Options)).toThrow('gaugeway: option "views" must be an array');
  for (const options of [null, 7, 'x', []]) {
    expect(() => resolve(options as unknown as Options)).toThrow(/^gaugeway: options must be an object/);
  }
});

it('credentials inside of a URL and endless values stay out of the complaint', () => {
  const [line = ''] = resolve({}, { GAUGEWAY_MODEL_ENDPOINTS: `http://me:secret@h/${'x'.repeat(5000)}` }).warnings;
  expect(line).toContain('GAUGEWAY_MODEL_ENDPOINTS="http://***@h/');
  expect(line).not.toContain('secret');
  expect(line.length).toBeLessThan(500);
});

it('a redactor of content that is no function throws', () => {
  const redactContent = 'all' as unknown as NonNullable<Options['redactContent']>;
  expect(() => resolve({ redactContent })).toThrow('gaugeway: option "redactContent" must be a function');
});
