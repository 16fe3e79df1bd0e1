import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => parse(readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8'));
const single = read('collector-config.yaml');
const agent = read('deploy/scale-out/agent.yaml');
const gateway = read('deploy/scale-out/gateway.yaml');
const sampling = read('deploy/scale-out/sampling.yaml');
const vendor = read('deploy/scale-out/vendor.yaml');

interface Pipeline {
  receivers: string[];
  processors: string[];
  exporters: string[];
}
interface Exporter {
  sending_queue?: { storage?: string };
  retry_on_failure?: { max_elapsed_time?: string };
}

describe.each([
  ['agent.yaml', agent],
  ['gateway.yaml', gateway],
])('%s', (_file, config) => {
  const pipelines = Object.values<Pipeline>(config.service.pipelines);

  test('limits its memory first and batches behind the queue alone', () => {
    for (const { processors } of pipelines) expect(processors[0]).toBe('memory_limiter');
    expect(Object.keys(config.processors).filter((name) => name.startsWith('batch'))).toEqual([]);
  });

  test('keeps every queue on disk and tries until it is full', () => {
    for (const exporter of Object.values<Exporter>(config.exporters)) {
      expect(exporter.sending_queue?.storage).toBe('file_storage/queue');
      expect(exporter.retry_on_failure?.max_elapsed_time).toBe('0s');
    }
    expect(config.service.extensions).toContain('file_storage/queue');
  });

  test('has no part that is not used, and uses none that it does not have', () => {
    for (const kind of ['receivers', 'processors', 'exporters'] as const) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind]));
      expect(used).toEqual(new Set(Object.keys(config[kind])));
    }
  });

  test('tells of itself by the names that the alerts and boards read', () => {
    const [reader] = config.service.telemetry.metrics.readers;
    const { host, port, ...names } = reader.pull.exporter.prometheus;
    const [{ host: _host, port: _port, ...expected }] = single.service.telemetry.metrics.readers.map(
      (each: typeof reader) => each.pull.exporter.prometheus,
    );
    expect(names).toEqual(expected);
    expect([host, port].join()).toMatch(/TELEMETRY_HOST.*TELEMETRY_PORT/);
  });
});

test('an agent masks and cuts as the single Collector does, and listens to its own host alone', () => {
  for (const name of ['redaction', 'transform/limits']) expect(agent.processors[name]).toEqual(single.processors[name]);
  for (const { endpoint } of Object.values<{ endpoint: string }>(agent.receivers.otlp.protocols)) {
    expect(endpoint).toMatch(/:-127\.0\.0\.1:\d+\}$/);
  }
});

test('an agent sends the traces by their id, and its exporters wait in one queue', () => {
  const balancing = agent.exporters['loadbalancing/traces'];
  expect(balancing.routing_key).toBe('traceID');
  expect(balancing.protocol.otlp.sending_queue.enabled).toBe(false);
});

test('sampling keeps what failed and what was slow, and is laid over parts that are there', () => {
  const { policies } = sampling.processors.tail_sampling;
  expect(policies.map(({ type }: { type: string }) => type)).toEqual(['status_code', 'latency', 'probabilistic']);
  for (const name of sampling.service.pipelines.traces.processors) {
    expect([...Object.keys(gateway.processors), ...Object.keys(sampling.processors)]).toContain(name);
  }
});

test('keys of a vendor come from the environment alone', () => {
  for (const [name, { headers }] of Object.entries<{ headers: Record<string, string> }>(vendor.exporters)) {
    expect(Object.keys(gateway.exporters)).toContain(name);
    for (const value of Object.values(headers)) expect(value).toMatch(/^\$\{env:\w+\}$/);
  }
});

test.each([
  ['secure-agent.yaml', agent],
  ['secure-gateway.yaml', gateway],
])('%s keeps every extension of what it is laid over, and takes its secrets from the environment', (file, below) => {
  const secure = read(`deploy/scale-out/${file}`);
  expect(secure.service.extensions).toEqual([...below.service.extensions, ...Object.keys(secure.extensions)]);
  for (const { token } of Object.values<{ token: string }>(secure.extensions))
    expect(token).toMatch(/^\$\{env:AGENT_TOKEN\}$/);
});
