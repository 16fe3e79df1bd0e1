import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';
import { prometheusLabelName } from '../../src/export/prometheus-names.ts';
import {
  COLLECTOR_CONFIG,
  type Collector,
  type Jaeger,
  type JaegerTrace,
  startCollector,
  startJaeger,
  waitFor,
} from './servers/index.ts';
import { nanoseconds, postOtlp, SERVICE, spanRequest, string } from './servers/otlp.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KEY = /'((?:gen_ai|gaugeway|http|db|error|server|url|network|openai|messaging)(?:\.[a-z_]+)+)'/g;
/** A span may have 128; the rest goes on the next one. */
const KEYS_OF_A_SPAN = 100;

/** Every key that a source of ours names, those of the catalogue among them. */
const keys = [
  ...new Set([
    ...(Object.values(catalogue) as InstrumentSpec[]).flatMap(({ attributes }) => attributes),
    ...['src', 'instrumentations'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .flatMap((path) => [...readFileSync(join(ROOT, folder, path), 'utf8').matchAll(KEY)])
        .map(([, key = '']) => key),
    ),
  ]),
].sort();

/** What real attributes look like: none of it is a secret, and some of it looks nearly like one. */
const values = [
  'gpt-4o-2024-08-06',
  'ft:gpt-4o-mini-2024-07-18:my-org:custom-suffix:9vbMcS1A',
  'claude-sonnet-4-5-20250929',
  'anthropic.claude-3-5-sonnet-20241022-v2:0',
  'accounts/fireworks/models/llama-v3p1-405b-instruct',
  'gcp.gemini',
  'chatcmpl-4532015112830366AbCdEfGhIjKlMnOp',
  'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b',
  'msg_01XFDUDYJgAACzvnptvVoYEL',
  'toolu_01A09q90qw90lq917835lq9',
  'call_5111222233334444abcdefgh',
  'fp_44709d6fcb',
  '4111111111111111abc',
  'rate_limit_exceeded',
  'UND_ERR_SOCKET',
  '/v1/threads/{thread_id}/runs',
  'https://api.openai.com/v1/chat/completions?api-version=2024-10-21',
  'sk-learn',
  'tokens',
  'bearer',
  'basic auth',
  'key=value',
  '550e8400-e29b-41d4-a716-446655440000',
];

/** Keys of each span of a trace. */
const spans = Array.from({ length: Math.ceil(keys.length / KEYS_OF_A_SPAN) }, (_, index) =>
  keys.slice(index * KEYS_OF_A_SPAN, (index + 1) * KEYS_OF_A_SPAN),
);
const traceIdOf = (index: number) => `5b8efff798038103d269b633813f${String(1000 + index)}`;

describe('the redaction of the Collector', () => {
  let jaeger: Jaeger;
  let collector: Collector;
  let traces: Map<string, JaegerTrace>;

  beforeAll(async () => {
    jaeger = await startJaeger();
    collector = await startCollector(COLLECTOR_CONFIG, { JAEGER_ENDPOINT: jaeger.otlpGrpcEndpoint });
    for (const [index, value] of values.entries()) {
      for (const [part, own] of spans.entries()) {
        const attributes = own.map((key) => string(key, value));
        const spanId = `eee19b7ec3c1b${String(100 + part)}`;
        const span = { traceId: traceIdOf(index), spanId, attributes };
        await postOtlp(collector.otlpUrl, 'traces', spanRequest(span));
      }
    }
    traces = await waitFor('all spans in Jaeger', async () => {
      const found = (await jaeger.traces(SERVICE)).filter((trace) => trace.spans.length === spans.length);
      return found.length === values.length ? new Map(found.map((trace) => [trace.traceID, trace])) : undefined;
    });
  });
  afterAll(async () => {
    await collector?.stop();
    await jaeger?.stop();
  });

  test('is held against more keys than the catalogue has', () => {
    expect(keys.length).toBeGreaterThan(80);
    expect(keys).toEqual(expect.arrayContaining(['gen_ai.token.type', 'gen_ai.usage.input_tokens', 'error.type']));
  });

  test.each(values)('leaves every attribute of a span alone where it is %s', (value) => {
    const trace = traces.get(traceIdOf(values.indexOf(value)));
    const tags = new Map(trace?.spans.flatMap((span) => span.tags.map((tag) => [tag.key, tag.value])));
    for (const key of keys) expect(tags.get(key), key).toBe(value);
  });

  test('leaves every attribute of a metric alone', async () => {
    const row = { timeUnixNano: nanoseconds(Date.now()), asInt: '1' };
    const dataPoints = values.map((value) => ({ ...row, attributes: keys.map((key) => string(key, value)) }));
    await postOtlp(collector.otlpUrl, 'metrics', {
      resourceMetrics: [
        {
          resource: { attributes: [string('service.name', SERVICE)] },
          scopeMetrics: [{ scope: { name: 'gaugeway' }, metrics: [{ name: 'attributes', gauge: { dataPoints } }] }],
        },
      ],
    });
    const lines = await waitFor('the metric', async () => {
      const page = await (await fetch(collector.metricsUrl)).text();
      const found = page.split('\n').filter((line) => line.startsWith('attributes{'));
      return found.length === values.length ? found : undefined;
    });
    for (const value of values) {
      const line = lines.find((each) => each.includes(`error_type="${value}"`));
      for (const key of keys) expect(line, key).toContain(`${prometheusLabelName(key)}="${value}"`);
    }
  });
});
