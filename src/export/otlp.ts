import { accessSync, constants } from 'node:fs';
import type { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { warnOfVariable } from '../diagnostics.ts';
import { headers, httpUrl, milliseconds, oneOf, type Parser } from '../parsers.ts';
import { readVariable } from '../variables.ts';

type ExporterSettings = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>;
type Signal = 'metrics' | 'traces';

const DEFAULT_ENDPOINT = 'http://localhost:4318';

/**
 * What we set beside the exporter's own reading of `OTEL_EXPORTER_OTLP_*` (headers and certificates are left to it):
 * gzip, which makes either encoding thirty times smaller, and values that were checked, so that a wrong one is told.
 */
export function otlpSettings(signal: Signal): ExporterSettings & { url: string } {
  const specific = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_`;
  const read = <T>(name: string, parser: Parser<T>, fallback: T): T =>
    readVariable(
      { variables: [`${specific}${name}`, `OTEL_EXPORTER_OTLP_${name}`], parser, fallback },
      process.env,
      warnOfVariable,
    );
  const base = readVariable(
    { variables: ['OTEL_EXPORTER_OTLP_ENDPOINT'], parser: httpUrl, fallback: DEFAULT_ENDPOINT },
    process.env,
    warnOfVariable,
  );
  const ownUrl = readVariable(
    // A signal's own endpoint is complete; the shared one is the root that its path is added to.
    { variables: [`${specific}ENDPOINT`], parser: httpUrl, fallback: `${base.replace(/\/$/, '')}/v1/${signal}` },
    process.env,
    warnOfVariable,
  );
  checkUnread(specific);
  return {
    url: ownUrl,
    compression: read('COMPRESSION', oneOf(['gzip', 'none']), 'gzip') as NonNullable<ExporterSettings['compression']>,
    timeoutMillis: read('TIMEOUT', milliseconds, 10_000),
  };
}

/** Headers and certificates stay with the exporter, which is silent about a wrong one or does not name it. */
function checkUnread(specific: string): void {
  for (const start of [specific, 'OTEL_EXPORTER_OTLP_']) {
    readVariable({ variables: [`${start}HEADERS`], parser: headers, fallback: {} }, process.env, warnOfVariable);
    for (const name of ['CERTIFICATE', 'CLIENT_KEY', 'CLIENT_CERTIFICATE']) {
      readVariable({ variables: [`${start}${name}`], parser: readableFile, fallback: '' }, process.env, warnOfVariable);
    }
  }
}

const readableFile: Parser<string> = {
  expects: 'the path of a readable file',
  parse: (value) => (isReadable(value) ? value : undefined),
  accepts: (value) => typeof value === 'string' && isReadable(value),
};

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
