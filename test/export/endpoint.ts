import { onTestFinished } from 'vitest';
import { createPrometheusReader, type PrometheusReaderOptions } from '../../src/export/prometheus.ts';

export const HOST = '127.0.0.1';

export type Endpoint = ReturnType<typeof startEndpoint>;

/** A reader with an endpoint, on any free port unless told otherwise; shut down when the test has ended. */
export function startEndpoint(options: Partial<PrometheusReaderOptions> = {}) {
  const warnings: string[] = [];
  const endpoint = createPrometheusReader({ host: HOST, port: 0, warn: (line) => warnings.push(line), ...options });
  onTestFinished(() => endpoint.reader.shutdown());
  return { ...endpoint, warnings };
}

/** Where it listens; throws its warnings when it does not. */
export async function portOf({ whenListening, warnings }: Endpoint): Promise<number> {
  const at = await whenListening;
  if (!at) throw new Error(warnings.join());
  return at.port;
}

/** Its address without a path. */
export async function originOf(endpoint: Endpoint): Promise<string> {
  return `http://${HOST}:${await portOf(endpoint)}`;
}

/** Asks for the metrics. */
export async function scrape(endpoint: Endpoint): Promise<Response> {
  return fetch(`${await originOf(endpoint)}/metrics`);
}
