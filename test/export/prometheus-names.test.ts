import { describe, expect, test } from 'vitest';
import {
  type MetricShape,
  prometheusLabelName,
  prometheusLabels,
  prometheusMetricName,
} from '../../src/export/prometheus-names.ts';

const METRICS: [name: string, unit: string, shape: MetricShape, expected: string][] = [
  // The instruments of the conventions.
  ['gen_ai.client.operation.duration', 's', 'histogram', 'gen_ai_client_operation_duration_seconds'],
  ['gen_ai.client.token.usage', '{token}', 'histogram', 'gen_ai_client_token_usage'],
  ['gen_ai.server.time_to_first_token', 's', 'histogram', 'gen_ai_server_time_to_first_token_seconds'],
  ['gaugeway.model.token_throughput', '{token}/s', 'histogram', 'gaugeway_model_token_throughput_per_second'],
  ['gaugeway.model.cost', 'USD', 'counter', 'gaugeway_model_cost_USD_total'],
  ['gaugeway.model.cost', '{USD}', 'counter', 'gaugeway_model_cost_total'],
  ['gaugeway.model.errors', '{error}', 'counter', 'gaugeway_model_errors_total'],
  ['gaugeway.model.ratelimit.remaining', '{request}', 'gauge', 'gaugeway_model_ratelimit_remaining'],
  ['gaugeway.job.run.active', '{run}', 'up-down', 'gaugeway_job_run_active'],
  ['gaugeway.job.run.oldest_age', 's', 'gauge', 'gaugeway_job_run_oldest_age_seconds'],
  ['gaugeway.job.wait_time', 's', 'histogram', 'gaugeway_job_wait_time_seconds'],
  ['gaugeway.http.error_ratio', '1', 'gauge', 'gaugeway_http_error_ratio'],
  ['gaugeway.monitor.storage.size', 'By', 'gauge', 'gaugeway_monitor_storage_size_bytes'],
  ['http.server.request.duration', 's', 'histogram', 'http_server_request_duration_seconds'],
  ['http.server.request.body.size', 'By', 'histogram', 'http_server_request_body_size_bytes'],
  ['nodejs.eventloop.utilization', '1', 'gauge', 'nodejs_eventloop_utilization_ratio'],
  ['nodejs.eventloop.delay.p99', 's', 'gauge', 'nodejs_eventloop_delay_p99_seconds'],
  ['nodejs.eventloop.time', 's', 'counter', 'nodejs_eventloop_time_seconds_total'],
  ['process.cpu.utilization', '1', 'gauge', 'process_cpu_utilization_ratio'],
  ['process.memory.usage', 'By', 'up-down', 'process_memory_usage_bytes'],
  ['v8js.memory.heap.space.available_size', 'By', 'up-down', 'v8js_memory_heap_space_available_size_bytes'],

  // Type suffixes: always last, never twice.
  ['requests', '1', 'counter', 'requests_total'],
  ['requests.total', '1', 'counter', 'requests_total'],
  ['total.bytes', 'By', 'counter', 'bytes_total'],
  ['total', '1', 'counter', 'total'],
  ['odd.unit', 'a_', 'counter', 'odd_unit_a__total'],
  ['load', '1', 'up-down', 'load'],
  ['load', '1', 'histogram', 'load'],
  ['ratio.of.hits', '1', 'gauge', 'of_hits_ratio'],

  // Units.
  ['uptime.seconds', 's', 'gauge', 'uptime_seconds'],
  ['seconds.of.uptime', 's', 'gauge', 'seconds_of_uptime'],
  ['net.io', 'By/s', 'gauge', 'net_io_bytes_per_second'],
  ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
  ['requests', '1/s', 'gauge', 'requests_per_second'],
  ['requests', '{request}/{node}', 'gauge', 'requests'],
  ['requests', 'By/{node}', 'gauge', 'requests_bytes'],
  ['requests', 'By{compressed}', 'gauge', 'requests'],
  ['area', 'm/s/s', 'gauge', 'area_meters_per_s_s'],
  ['odd', 's/', 'gauge', 'odd_seconds'],
  ['odd', '/s', 'gauge', 'odd_per_second'],
  ['odd', 's/%', 'gauge', 'odd_seconds'],
  ['odd', ' s / h ', 'gauge', 'odd_seconds_per_hour'],
  ['odd', '°F', 'gauge', 'odd_F'],
  ['odd', '__x__y', 'gauge', 'odd_x_y'],
  ['odd', 'constructor', 'gauge', 'odd_constructor'],
  ['cpu', '%', 'gauge', 'cpu_percent'],
  ['plain', '', 'gauge', 'plain'],

  // Characters.
  ['a..b--c__d', '', 'gauge', 'a_b_c_d'],
  ['.edges.', '', 'gauge', 'edges'],
  ['3com.packets', '', 'gauge', '_3com_packets'],
  ['level:rule', '', 'gauge', 'level:rule'],
  ['größe', 'By', 'gauge', 'gr_e_bytes'],
];

describe('metric names', () => {
  test.each(METRICS)('%s in %s as a %s is %s', (name, unit, shape, expected) => {
    expect(prometheusMetricName(name, unit, shape)).toBe(expected);
  });

  test('a name of which nothing is left is none', () => {
    expect(prometheusMetricName('...', '', 'gauge')).toBeUndefined();
    expect(prometheusMetricName('', '{x}', 'histogram')).toBeUndefined();
  });
});

describe('label names', () => {
  test.each([
    ['gen_ai.request.model', 'gen_ai_request_model'],
    ['a..b', 'a__b'],
    ['a__b', 'a__b'],
    ['a😀b', 'a_b'],
    ['x__', 'x__'],
    ['__x', '_x'],
    ['__', '_'],
    ['...', '_'],
    ['9lives', 'key_9lives'],
    ['_private', '_private'],
    ['__name__', '_name__'],
    ['', '_'],
    ['名', '_'],
    ['le', 'exported_le'],
    ['job', 'exported_job'],
    ['instance', 'exported_instance'],
    ['otel.scope.name', 'exported_otel_scope_name'],
    ['otel_scope_version', 'exported_otel_scope_version'],
    ['level', 'level'],
    ['job.name', 'job_name'],
  ])('%j is %s', (key, expected) => {
    expect(prometheusLabelName(key)).toBe(expected);
  });
});

describe('labels', () => {
  test('keys that become one label join their values in the order of the keys, and are reported', () => {
    const joined: string[] = [];
    const labels = prometheusLabels({ a_b: 'third', 'a.b': 'second', 'a-b': 'first', z: 1 }, (label, key) =>
      joined.push(`${label} ${key}`),
    );
    expect(labels).toEqual([
      ['a_b', 'first;second;third'],
      ['z', '1'],
    ]);
    expect(joined).toEqual(['a_b a.b', 'a_b a_b']);
  });

  test('values of every kind become text, and an empty label is none', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const hostile = {
      array: ['x', 'y'],
      bigint: 1n,
      boolean: false,
      cyclic,
      empty: '',
      nan: Number.NaN,
      nothing: undefined,
      nothing2: null,
      symbol: Symbol('s'),
      toJson: { toJSON: () => undefined },
    };
    expect(Object.fromEntries(prometheusLabels(hostile as never))).toEqual({
      array: '["x","y"]',
      bigint: '1',
      boolean: 'false',
      cyclic: 'unserializable',
      nan: 'NaN',
      symbol: 'Symbol(s)',
    });
  });

  test('a huge value is cut, a lone surrogate replaced', () => {
    const [[, long], [, lone]] = prometheusLabels({ a: 'x'.repeat(1_000_000), b: '\ud800' }) as [
      [string, string],
      [string, string],
    ];
    expect(long).toHaveLength(2048);
    expect(lone).toBe('\ufffd');
  });

  test('names of the object prototype are labels like others', () => {
    const attributes = JSON.parse('{"__proto__": "p", "constructor": "c", "toString": "t"}');
    expect(prometheusLabels(attributes)).toEqual([
      ['_proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
    ]);
  });
});
