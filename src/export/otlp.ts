import type { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { warn } from '../diagnostics.ts';
import type { ResolvedOptions } from '../options.ts';
import { isHttpUrl } from '../parsers.ts';

type ExporterSettings = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>;
type Signal = 'metrics' | 'traces';

const DEFAULT_ENDPOINT = 'http://localhost:4318';

/**
 * What we set beside the exporter's own reading of `OTEL_EXPORTER_OTLP_*`: gzip (thirty times smaller, for either
 * encoding) and a time limit below the exit deadline, because a retry holds an ending process until it gives up.
 */
export function otlpSettings(signal: Signal, options: ResolvedOptions): ExporterSettings {
  const env = process.env;
  const specific = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_`;
  const isSet = (name: string): boolean =>
    (env[`${specific}${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`]) !== undefined;
  return {
    ...(isSet('COMPRESSION') ? {} : { compression: 'gzip' as NonNullable<ExporterSettings['compression']> }),
    ...(isSet('TIMEOUT') ? {} : { timeoutMillis: Math.max(100, options.exitTimeoutMs - 500) }),
    ...endpointUnlessValid(signal, specific),
  };
}

/** The exporter falls back silently when its endpoint is no URL; so do we, but we say it. */
function endpointUnlessValid(signal: Signal, specific: string): { url?: string } {
  for (const variable of [`${specific}ENDPOINT`, 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const value = process.env[variable]?.trim();
    if (value === undefined || value === '') continue;
    if (isHttpUrl(value)) return {};
    const url = `${DEFAULT_ENDPOINT}/v1/${signal}`;
    warn(`${variable}="${value}" is ignored: it must be an http(s) URL; ${signal} go to ${url}`);
    return { url };
  }
  return {};
}
