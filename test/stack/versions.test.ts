import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const readYaml = (path: string) => parse(read(path), { merge: true });

const tempo = readYaml('deploy/tempo/tempo.yaml');
const compose = readYaml('docker-compose.yml') as { services: Record<string, { volumes?: string[] }> };

describe('the versions that the configurations are written for', () => {
  test('Tempo 3: none of the parts that it has no more, and none that it does not know', () => {
    const known = [
      ...['target', 'stream_over_http_enabled', 'server', 'distributor', 'metrics_generator'],
      ...['storage', 'overrides', 'usage_report'],
    ];
    expect(Object.keys(tempo).filter((key) => !known.includes(key))).toEqual([]);
    expect(tempo.target).toBe('all');
    expect(tempo.overrides.defaults.metrics_generator.processors).toEqual(['service-graphs']);
    expect(tempo.usage_report.reporting_enabled).toBe(false);
  });

  test('Tempo writes nowhere but on its volume', () => {
    const mount = compose.services.tempo?.volumes?.find((volume) => volume.startsWith('tempo-data:'))?.split(':')[1];
    const { trace } = tempo.storage;
    for (const path of [trace.wal.path, trace.local.path, tempo.metrics_generator.storage.path]) {
      expect(path.startsWith(`${mount}/`), path).toBe(true);
    }
  });

  test('Grafana 13: provisioning of version 1, each data source with a type that Grafana has by itself', () => {
    const [file] = readdirSync(join(ROOT, 'deploy/grafana/provisioning/datasources'));
    const { apiVersion, datasources } = readYaml(`deploy/grafana/provisioning/datasources/${file}`);
    expect(apiVersion).toBe(1);
    const types = datasources.map(({ type }: { type: string }) => type).sort();
    expect(types).toEqual(['alertmanager', 'jaeger', 'prometheus', 'tempo']);
    for (const { editable, access } of datasources)
      expect({ editable, access }).toEqual({ editable: false, access: 'proxy' });
  });

  test('a dollar in a provisioning file is doubled, because Grafana replaces variables there', () => {
    for (const folder of ['datasources', 'dashboards']) {
      for (const file of readdirSync(join(ROOT, 'deploy/grafana/provisioning', folder))) {
        const lines = read(`deploy/grafana/provisioning/${folder}/${file}`).split('\n');
        const text = lines.filter((line) => !line.trimStart().startsWith('#')).join('\n');
        expect(text.replaceAll('$$', '')).not.toContain('$');
      }
    }
  });
});
