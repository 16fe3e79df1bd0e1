import type { ResolvedOptions } from '../../options.ts';
import { failure, ok, type Verdict } from '../verdict.ts';

/** What was sent and taken, so that it can be looked for. */
export interface Taken {
  readonly metricId?: string | undefined;
  readonly traceId?: string | undefined;
}

/** Sends one metric and one span to where the options say. */
export async function checkSending(
  options: ResolvedOptions,
  timeoutMs: number,
): Promise<{ verdicts: Verdict[]; taken: Taken }> {
  const { sendMetric, sendSpan } = await import('../../export/probe.ts');
  const verdicts: Verdict[] = [];
  const taken: { -readonly [K in keyof Taken]: Taken[K] } = {};
  const judge = ({ url, id, error }: Awaited<ReturnType<typeof sendSpan>>, what: string): string | undefined => {
    const where = withoutCredentials(url);
    verdicts.push(error === undefined ? ok(what, `taken by ${where}`) : refusal(what, where, error));
    return error === undefined ? id : undefined;
  };
  if (options.metricsExporters.includes('otlp')) {
    taken.metricId = judge(await sendMetric(options, timeoutMs), 'sending a metric');
  }
  if (options.tracesExporters.includes('otlp')) {
    taken.traceId = judge(await sendSpan(options, timeoutMs), 'sending a span');
  }
  return { verdicts, taken };
}

const OVERLOADED = 'it is overloaded, or its own backend is away: look at its log';

/** Names why the far side did not take it, as far as it tells. */
function refusal(what: string, url: string, error: Error & { code?: unknown }): Verdict {
  const code = codeOf(error);
  // Of these the exporter does not tell which.
  const isLater = error.message.includes('retryable');
  const said = isLater
    ? 'cannot take it now (status 429, 502, 503 or 504)'
    : typeof code === 'number'
      ? `answers with status ${code}`
      : `${code ?? error.message}`;
  return failure(what, `${url}: ${said}`, isLater ? OVERLOADED : remedyFor(code, what));
}

/** Several addresses that failed are one error without a code of its own. */
function codeOf(error: Error & { code?: unknown }): string | number | undefined {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return code;
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return cause instanceof Error ? codeOf(cause) : undefined;
}

function remedyFor(code: string | number | undefined, what: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there: start the Collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'that name is not known: correct OTEL_EXPORTER_OTLP_ENDPOINT';
    case 401:
    case 403:
      return 'it wants other credentials: correct OTEL_EXPORTER_OTLP_HEADERS';
    case 404:
    case 405:
      return what.includes('metric')
        ? 'it has no OTLP receiver at that path: a Collector has it at /v1/metrics, a Prometheus started with ' +
            '--web.enable-otlp-receiver at /api/v1/otlp/v1/metrics'
        : 'it has no OTLP receiver at that path: a Collector has it at /v1/traces';
    case 400:
    case 415:
      return 'it does not understand what was sent: try another OTEL_EXPORTER_OTLP_PROTOCOL, http/protobuf or http/json';
    default:
      return typeof code === 'string' && /TLS|SSL|CERT|SIGNED/.test(code)
        ? 'its certificate is not trusted: set OTEL_EXPORTER_OTLP_CERTIFICATE, or use http:// where there is no TLS'
        : 'see whether it is the OTLP/HTTP port (4318, not 4317 which is gRPC) and reachable from here';
  }
}

export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@\s]*@/, '//***@');
}
