import { setTimeout as wait } from 'node:timers/promises';
import { failure, ok, type Verdict } from '../verdict.ts';
import { type Taken, withoutCredentials } from './sending.ts';

/** Where what was sent should be found again; each is optional. */
export interface Backends {
  readonly prometheus?: string | undefined;
  readonly tempo?: string | undefined;
  readonly jaeger?: string | undefined;
}

const INTERVAL_MS = 500;

/** Reads back what was sent. A Collector sends on in batches and Prometheus scrapes at intervals, so this may take a while. */
export async function checkArriving(backends: Backends, taken: Taken, timeoutMs: number): Promise<Verdict[]> {
  const { prometheus, tempo, jaeger } = backends;
  const query = encodeURIComponent(`gaugeway_doctor_probes_total{gaugeway_doctor_id="${taken.metricId}"}`);
  const searches = [
    {
      name: 'Prometheus',
      root: prometheus,
      id: taken.metricId,
      path: `/api/v1/query?query=${query}`,
      finds: hasResult,
    },
    { name: 'Tempo', root: tempo, id: taken.traceId, path: `/api/traces/${taken.traceId}`, finds: hasTrace },
    { name: 'Jaeger', root: jaeger, id: taken.traceId, path: `/api/v3/traces/${taken.traceId}`, finds: hasTrace },
  ];
  return Promise.all(
    searches.flatMap(({ name, root, id, path, finds }) => {
      if (root === undefined) return [];
      const what = `reading back from ${name}`;
      if (id === undefined) return failure(what, 'there is nothing to look for', 'see why nothing was taken, above');
      return search(what, `${root.replace(/\/$/, '')}${path}`, finds, timeoutMs);
    }),
  );
}

async function search(
  what: string,
  url: string,
  finds: (answer: unknown) => boolean,
  timeoutMs: number,
): Promise<Verdict> {
  const startedAt = performance.now();
  const { origin } = new URL(url);
  let last = '';
  while (performance.now() - startedAt < timeoutMs) {
    try {
      const response = await fetch(url, {
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedAt)))),
      });
      const answer = await response.text();
      if (response.ok && finds(JSON.parse(answer))) {
        return ok(what, `found after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      }
      last = response.ok || response.status === 404 ? '' : `answers with status ${response.status}`;
    } catch (error) {
      last = reasonOf(error);
    }
    await wait(INTERVAL_MS);
  }
  const where = withoutCredentials(origin);
  return last === ''
    ? failure(
        what,
        `not there after ${timeoutMs / 1000} s`,
        'see the log of the Collector for what it could not send on, and whether it exports to this backend',
      )
    : failure(what, `${where}: ${last}`, 'see whether that is the address of its query API, and reachable from here');
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  if (typeof cause?.code === 'string') return cause.code;
  return error instanceof SyntaxError ? 'does not answer with JSON' : `${(error as Error).name}`;
}

function hasResult(answer: unknown): boolean {
  return ((answer as { data?: { result?: unknown[] } }).data?.result?.length ?? 0) > 0;
}

/** Tempo and Jaeger both give OTLP, under different keys; a trace without spans is none. */
function hasTrace(answer: unknown): boolean {
  return JSON.stringify(answer).includes('"spanId"');
}
