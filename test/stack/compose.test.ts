import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SERVERS } from '../e2e/servers/install.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const readYaml = (path: string) => parse(read(path), { merge: true });

interface Service {
  image: string;
  command?: string[];
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
  [key: string]: unknown;
}

const compose = readYaml('docker-compose.yml') as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const collector = readYaml('collector-config.yaml');
const prometheus = readYaml('deploy/prometheus/prometheus.yml');
const tempo = readYaml('deploy/tempo/tempo.yaml');
const jaeger = readYaml('deploy/jaeger/jaeger.yaml');
const alertmanager = readYaml('deploy/alertmanager/alertmanager.yml');
const services = Object.entries(compose.services);

/** What a value is when no variable is set: `${env:NAME:-default}` gives the default. */
const withDefaults = (value: unknown) => String(value).replace(/\$\{env:\w+:-([^}]*)\}/g, '$1');
const portOf = (value: unknown) => Number(withDefaults(value).match(/:(\d+)/)?.[1]);

function listenPorts(): Record<string, number[]> {
  const { protocols } = collector.receivers.otlp;
  return {
    'otel-collector': [
      portOf(protocols.grpc.endpoint),
      portOf(protocols.http.endpoint),
      portOf(collector.extensions.health_check.endpoint),
      portOf(collector.exporters.prometheus.endpoint),
      Number(withDefaults(collector.service.telemetry.metrics.readers[0].pull.exporter.prometheus.port)),
    ],
    prometheus: [9090],
    alertmanager: [9093],
    tempo: [tempo.server.http_listen_port, portOf(tempo.distributor.receivers.otlp.protocols.grpc.endpoint)],
    jaeger: [
      portOf(jaeger.receivers.otlp.protocols.grpc.endpoint),
      portOf(jaeger.receivers.otlp.protocols.http.endpoint),
      portOf(jaeger.extensions.jaeger_query.http.endpoint),
      Number(withDefaults(jaeger.service.telemetry.metrics.readers[0].pull.exporter.prometheus.port)),
    ],
    grafana: [3000],
  };
}

function expectReachable(endpoint: string): void {
  const { hostname, port } = new URL(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  const known = listenPorts()[hostname];
  expect(known, `${endpoint}: no service ${hostname}`).toBeDefined();
  expect(known, endpoint).toContain(Number(port));
}

describe('docker-compose.yml', () => {
  test.each(services)('%s: the image has a fixed version', (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+(-slim)?(@sha256:[0-9a-f]{64})?$/);
  });

  test.each(services)('%s: ports are published on the loopback address and served', (name, { ports = [] }) => {
    for (const published of ports) {
      expect(published).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      expect(listenPorts()[name], published).toContain(Number(published.split(':')[2]));
    }
  });

  test('no port of the host is taken twice', () => {
    const host = services.flatMap(([, { ports = [] }]) => ports.map((published) => published.split(':')[1]));
    expect(new Set(host).size).toBe(host.length);
  });

  test.each(services)('%s: what it mounts exists', (_name, { volumes = [] }) => {
    for (const volume of volumes) {
      const [source = '', , mode] = volume.split(':');
      if (source.startsWith('.')) {
        expect(existsSync(join(ROOT, source)), source).toBe(true);
        expect(mode, `${source} can be changed from inside`).toBe('ro');
      } else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  test.each(services)('%s: is hardened and bounded', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      logging: { options: { 'max-size': expect.any(String), 'max-file': expect.any(String) } },
    });
    // `CMD-SHELL` and a plain string need a shell, which these images need not have.
    const { healthcheck } = service as { healthcheck?: { test: unknown } };
    if (healthcheck) expect((healthcheck.test as string[])[0]).toBe('CMD');
  });

  test('the Go runtime of the Collector knows its limit', () => {
    const service = compose.services['otel-collector'];
    const share =
      Number.parseInt(String(service?.environment?.GOMEMLIMIT), 10) / Number.parseInt(String(service?.mem_limit), 10);
    expect(share).toBeCloseTo(0.8, 2);
  });

  test('the password of Grafana has no default', () => {
    expect(compose.services.grafana?.environment?.GF_SECURITY_ADMIN_PASSWORD).toMatch(/^\$\{GRAFANA_ADMIN_PASSWORD:\?/);
  });

  test('ships the versions that the end-to-end tests run', () => {
    const tag = (name: string) => compose.services[name]?.image.split(':')[1]?.replace(/^v/, '');
    expect(tag('otel-collector')).toBe(SERVERS.collector.version);
    expect(tag('prometheus')).toBe(SERVERS.prometheus.version);
    expect(tag('alertmanager')).toBe(SERVERS.alertmanager.version);
    expect(tag('jaeger')).toBe(SERVERS.jaeger.version);
  });
});

describe('the profiles', () => {
  const shipped = Object.fromEntries(
    read('.env')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1).replace(/^"|"$/g, '')]),
  );
  const started = (profiles: string[]) =>
    services.flatMap(([name, { profiles: needed }]) =>
      needed === undefined || (needed as string[]).some((profile) => profiles.includes(profile)) ? [name] : [],
    );

  test('`docker compose up` starts everything but the example', () => {
    expect(started(shipped.COMPOSE_PROFILES?.split(',') ?? []).sort()).toEqual(
      ['otel-collector', 'prometheus', 'alertmanager', 'tempo', 'jaeger', 'grafana'].sort(),
    );
    expect(started(['jaeger', 'example'])).toContain('example');
  });

  test('the package ships everything that the stack reads', () => {
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    const isShipped = (path: string) => files.some((file) => path === file || path.startsWith(`${file}/`));
    const mounted = services
      .filter(([name]) => name !== 'example')
      .flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''))
      .filter((source) => source.startsWith('./'));
    for (const path of ['docker-compose.yml', '.env', ...mounted.map((source) => source.slice(2))]) {
      expect(isShipped(path), path).toBe(true);
    }
  });

  test('the Collector sends traces to exactly the backends that start', () => {
    const sent: string[] = parse(shipped.TRACE_EXPORTERS ?? '');
    expect(sent.map((exporter) => exporter.split('/')[1]).sort()).toEqual(['jaeger', 'tempo']);
    expect(parse(withDefaults(collector.service.pipelines.traces.exporters))).toEqual(sent);
    expect(compose.services['otel-collector']?.environment?.TRACE_EXPORTERS).toBe(
      `\${TRACE_EXPORTERS:-${shipped.TRACE_EXPORTERS}}`,
    );
  });

  test('the example reports at the interval of the stack, to the Collector of the stack', () => {
    const { environment = {} } = compose.services.example ?? {};
    expect(environment.OTEL_METRIC_EXPORT_INTERVAL).toBe('10000');
    expectReachable(String(environment.GAUGEWAY_DEMO_COLLECTOR));
  });
});

describe('the modules of the servers', () => {
  const goMod = (name: string) => read(`test/e2e/servers/${name}/go.mod`);

  test('are of the versions that they are called', () => {
    const { dist } = readYaml('test/e2e/servers/collector/builder.yaml');
    expect(dist.version).toBe(SERVERS.collector.version);
    expect(goMod('collector')).toContain(`go.opentelemetry.io/collector/otelcol v${SERVERS.collector.version}\n`);
    // Prometheus 3.15.0 is the module v0.315.0; Jaeger 2.13.0 and 1.76.0 are one commit.
    const [major, minor, patch] = SERVERS.prometheus.version.split('.');
    expect(goMod('prometheus')).toContain(`github.com/prometheus/prometheus v0.${major}${minor}.${patch}\n`);
    expect(goMod('alertmanager')).toContain(`github.com/prometheus/alertmanager v${SERVERS.alertmanager.version}\n`);
    expect(SERVERS.jaeger.version).toBe('2.13.0');
    expect(goMod('jaeger')).toContain('github.com/jaegertracing/jaeger v1.76.0\n');
  });

  test('the Collector is built from exactly the modules that its manifest lists', () => {
    const { dist, ...sections } = readYaml('test/e2e/servers/collector/builder.yaml');
    const listed = (Object.values(sections) as { gomod: string }[][]).flat().map(({ gomod }) => gomod);
    expect(listed.length).toBeGreaterThan(20);
    for (const gomod of listed) expect(goMod('collector')).toContain(`\t${gomod}\n`);
    expect(dist.output_path).toBe('./sources');
  });
});

describe('the addresses in the configurations', () => {
  const exporters = Object.entries<{ endpoint: string }>(collector.exporters);

  test.each(exporters)('the Collector exporter %s names a service and a port', (name, { endpoint }) => {
    expect(endpoint, 'an address without a variable cannot be changed').toMatch(/^\$\{env:\w+:-/);
    if (name !== 'prometheus') expectReachable(withDefaults(endpoint));
  });

  test('every exporter is used and keeps its queue on disk', () => {
    const used = Object.values<{ exporters: string[] | string }>(collector.service.pipelines).flatMap(
      ({ exporters }): string[] => (typeof exporters === 'string' ? parse(withDefaults(exporters)) : exporters),
    );
    expect(new Set(used)).toEqual(new Set(Object.keys(collector.exporters)));
    for (const [name, exporter] of Object.entries<{ sending_queue?: { storage: string } }>(collector.exporters)) {
      if (name !== 'prometheus') expect(exporter.sending_queue?.storage).toBe('file_storage/queue');
    }
  });

  test('the memory limiter comes first and there is no batch processor', () => {
    for (const { processors } of Object.values<{ processors: string[] }>(collector.service.pipelines)) {
      expect(processors[0]).toBe('memory_limiter');
    }
    expect(Object.keys(collector.processors).some((name) => name.split('/')[0] === 'batch')).toBe(false);
  });

  test('the queue of the Collector lies on its volume', () => {
    const directory = withDefaults(collector.extensions['file_storage/queue'].directory);
    const mounts = compose.services['otel-collector']?.volumes?.map((volume) => volume.split(':')[1]) ?? [];
    expect(mounts.some((mount) => mount && directory.startsWith(`${mount}/`))).toBe(true);
  });

  test('Prometheus scrapes services of the stack and one application on the host', () => {
    const jobs = prometheus.scrape_configs as { job_name: string; static_configs: { targets: string[] }[] }[];
    for (const { job_name, static_configs } of jobs) {
      if (job_name === 'api-gateway') continue;
      for (const target of static_configs.flatMap(({ targets }) => targets)) {
        expectReachable(target.replace('localhost', 'prometheus'));
      }
    }
    expect(jobs.find(({ job_name }) => job_name === 'api-gateway')).toMatchObject({
      scrape_interval: '10s',
      metrics_path: '/metrics',
    });
  });

  test('everything that is scraped is scraped every 10 s, as Grafana believes', () => {
    expect(prometheus.global.scrape_interval).toBe('10s');
    for (const { scrape_interval = '10s' } of prometheus.scrape_configs) expect(scrape_interval).toBe('10s');
  });

  test('Prometheus receives what is pushed to it and reads the rules that are mounted', () => {
    const { command = [], volumes = [] } = compose.services.prometheus ?? {};
    expect(command).toEqual(
      expect.arrayContaining(['--web.enable-otlp-receiver', '--web.enable-remote-write-receiver']),
    );
    const folder = volumes.find((volume) => volume.startsWith('./monitoring/prometheus:'))?.split(':')[1];
    expect(prometheus.rule_files).toEqual([`${folder}/*.yml`]);
    expectReachable(tempo.metrics_generator.storage.remote_write[0].url);
  });

  test('Prometheus sends its alerts to the Alertmanager of the stack', () => {
    const targets = prometheus.alerting.alertmanagers.flatMap((group: { static_configs: { targets: string[] }[] }) =>
      group.static_configs.flatMap(({ targets }) => targets),
    );
    expect(targets).toEqual(['alertmanager:9093']);
    for (const target of targets) expectReachable(target);
    const { command = [], volumes = [] } = compose.services.alertmanager ?? {};
    const file = volumes.find((volume) => volume.startsWith('./deploy/alertmanager/'))?.split(':')[1];
    expect(command).toContain(`--config.file=${file}`);
    const named = [alertmanager.route, ...alertmanager.route.routes].map(({ receiver }) => receiver);
    expect(new Set(named)).toEqual(new Set(alertmanager.receivers.map(({ name }: { name: string }) => name)));
  });

  test('Grafana has the data sources of the stack under fixed names', () => {
    const folder = 'deploy/grafana/provisioning/datasources';
    const sources = readdirSync(join(ROOT, folder)).flatMap((file) => readYaml(`${folder}/${file}`).datasources);
    expect(sources.map(({ uid }) => uid).sort()).toEqual(['alertmanager', 'jaeger', 'prometheus', 'tempo']);
    for (const { url } of sources) expectReachable(url);
    const referred = [...JSON.stringify(sources).matchAll(/"datasourceUid":"([^"]+)"/g)].map(([, uid]) => uid);
    for (const uid of referred) expect(sources.map((source) => source.uid)).toContain(uid);
    // Half the points would be missing from every rate if Grafana believed in another interval.
    const job = prometheus.scrape_configs.find(({ job_name }: { job_name: string }) => job_name === 'api-gateway');
    expect(sources.find(({ uid }) => uid === 'prometheus').jsonData.timeInterval).toBe(job.scrape_interval);
  });

  test('Grafana reads the dashboards from where they are mounted', () => {
    const folder = 'deploy/grafana/provisioning/dashboards';
    const providers = readdirSync(join(ROOT, folder)).flatMap((file) => readYaml(`${folder}/${file}`).providers);
    const mounts = compose.services.grafana?.volumes?.map((volume) => volume.split(':')[1]);
    for (const { options, allowUiUpdates } of providers) {
      expect(mounts).toContain(options.path);
      expect(allowUiUpdates).toBe(false);
    }
  });
});
