import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MeterProviderOptions, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { expect } from 'vitest';
import { createPrometheusReader } from '../../src/export/prometheus.ts';

interface Exposition {
  types: Record<string, string>;
  /** Value by series, as `name{a="b"}` with sorted labels and without those of the scope. */
  series: Record<string, number>;
}

/** Reads the text format and throws for everything that some consumer of it rejects. */
function parseStrictly(text: string): Exposition {
  // A family may be named like what every object has.
  const types: Record<string, string> = Object.create(null);
  const series: Record<string, number> = {};
  const seen = new Set<string>();
  let family = '';
  const fail = (line: string, why: string): never => {
    throw new Error(`${why}: ${line}`);
  };
  if (!text.endsWith('\n')) fail(text.slice(-80), 'the last line is not ended');
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (name !== family) {
        if (kind !== 'HELP' || name in types) fail(line, 'a family appears twice or without HELP');
        family = name;
      } else if (kind !== 'TYPE' || name in types) fail(line, 'a second line for a family');
      if (kind === 'TYPE') types[name] = /^(counter|gauge|histogram)$/.test(rest) ? rest : fail(line, 'bad type');
      if (/\\(?![\\n])/.test(rest.replaceAll('\\\\', ''))) fail(line, 'bad escape');
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/s.exec(line);
    if (!sample) return fail(line, 'not a sample');
    const [, name = '', inner = '', value = ''] = sample;
    const suffix = types[family] === 'histogram' ? name.slice(family.length) : '';
    if (name !== family + suffix || (types[family] === 'histogram' && !/^_(bucket|sum|count)$/.test(suffix))) {
      fail(line, `does not belong to ${family}`);
    }
    const labels = new Map<string, string>();
    let rest = inner;
    while (rest !== '') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,(?=[a-zA-Z_])|$)/s.exec(rest);
      if (!label) return fail(line, 'bad label');
      const [all, key = '', quoted = ''] = label;
      if (labels.has(key) || key.startsWith('__')) fail(line, `label ${key} is there twice or internal`);
      labels.set(key, quoted);
      rest = rest.slice(all.length);
    }
    if (labels.has('le') !== (suffix === '_bucket')) fail(line, 'le is missing or out of place');
    const entries = [...labels].filter(([, quoted]) => quoted !== '').sort();
    const identity = JSON.stringify([name, ...entries]);
    if (seen.has(identity)) fail(line, 'a series appears twice');
    seen.add(identity);
    const shown = entries
      .filter(([key]) => !key.startsWith('otel_scope_'))
      .map(([key, quoted]) => `${key}="${quoted}"`);
    series[`${name}{${shown.join(',')}}`] = Number(value.replace('Inf', 'Infinity'));
  }
  return { types, series };
}

interface Scraped extends Exposition {
  text: string;
  warnings: string[];
}

/** Gives a provider whose metrics are scraped over HTTP and read strictly; it is shut down as soon as `run` has ended. */
export async function withScrapes(
  run: (provider: MeterProvider, scrape: () => Promise<Scraped>) => Promise<void> | void,
  options: MeterProviderOptions & { metricProducers?: MetricProducer[] } = {},
): Promise<void> {
  const warnings: string[] = [];
  const { reader, whenListening } = createPrometheusReader({
    host: '127.0.0.1',
    port: 0,
    warn: (message) => warnings.push(message),
    ...(options.metricProducers && { metricProducers: options.metricProducers }),
  });
  const provider = new MeterProvider({ resource: resourceFromAttributes({}), ...options, readers: [reader] });
  try {
    const port = (await whenListening)?.port;
    await run(provider, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      return { ...parseStrictly(text), text, warnings };
    });
  } finally {
    await provider.shutdown();
  }
}
