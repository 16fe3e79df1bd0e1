import { catalogue, type InstrumentSpec } from '../src/catalogue/index.ts';
import { callGrowth, firstChunkGrowth } from './model-calls.ts';
import { atMost, type Expression, either, growth, series, sumBy, type Where } from './promql.ts';

interface SloSpec {
  readonly title: string;
  /** What a user may expect, in a sentence. */
  readonly promise: string;
  /** Share of good events that is promised. */
  readonly objective: number;
  /** Events in the range, by service. */
  readonly events: (range: string) => Expression;
  /** Those of them that broke the promise. */
  readonly bad: (range: string) => Expression;
  /** Histograms and the boundary, in seconds, at which a duration turns bad. */
  readonly boundary?: { readonly of: readonly InstrumentSpec[]; readonly at: number };
}

const { httpServerRequestDuration, jobRunDuration, jobWaitTime, modelErrors } = catalogue;
const BY = ['job'] as const;
const API_SECONDS = 0.2;
const FIRST_CHUNK_SECONDS = 2.56;
const WAIT_SECONDS = 60;

/** Sums by service; a service without a single bad event has 0 of them, not none. */
const orNone = (bad: Expression, events: Expression) => either(sumBy(BY, bad), `0 * ${sumBy(BY, events)}`);
/** Everything but what was fast enough. Buckets and count come from one histogram, so that nothing is counted apart. */
const slower = (count: Expression, withinBoundary: Expression) =>
  `clamp_min(${sumBy(BY, count)} - ${sumBy(BY, withinBoundary)}, 0)`;

const requests = (range: string, where: Where = {}) => growth(series(httpServerRequestDuration, 'count', where), range);
const runs = (range: string, where: Where = {}) => growth(series(jobRunDuration, 'count', where), range);

/** What the platform promises its users; rules, alerts, boards and `docs/slo.md` follow from this list. */
export const slos = {
  'api-availability': {
    title: 'API availability',
    promise: 'A request is answered without a server error.',
    objective: 0.999,
    events: (range) => sumBy(BY, requests(range)),
    bad: (range) => orNone(requests(range, { 'http.response.status_code': { matches: '5..' } }), requests(range)),
  },
  'api-latency': {
    title: 'API latency',
    promise: `A request is answered within ${API_SECONDS * 1000} ms.`,
    objective: 0.99,
    events: (range) => sumBy(BY, requests(range)),
    bad: (range) =>
      slower(requests(range), growth(series(httpServerRequestDuration, 'bucket', { le: atMost(API_SECONDS) }), range)),
    boundary: { of: [httpServerRequestDuration], at: API_SECONDS },
  },
  'model-availability': {
    title: 'Model availability',
    promise: 'A model call succeeds, after whatever retries and fallbacks it takes.',
    objective: 0.99,
    events: (range) => sumBy(BY, callGrowth('count', range)),
    bad: (range) => orNone(growth(series(modelErrors), range), callGrowth('count', range)),
  },
  'model-first-chunk': {
    title: 'Time to first chunk',
    promise: `A streamed answer begins within ${FIRST_CHUNK_SECONDS} s.`,
    objective: 0.95,
    events: (range) => sumBy(BY, firstChunkGrowth('count', range)),
    bad: (range) =>
      slower(firstChunkGrowth('count', range), firstChunkGrowth('bucket', range, { le: atMost(FIRST_CHUNK_SECONDS) })),
    boundary: {
      of: [catalogue.operationTimeToFirstChunk, catalogue.inferenceTimeToFirstChunk],
      at: FIRST_CHUNK_SECONDS,
    },
  },
  'job-success': {
    title: 'Job success',
    promise: 'A run of a job ends in success.',
    objective: 0.99,
    events: (range) => sumBy(BY, runs(range, { 'gaugeway.job.result': { matches: 'success|failure|error|timeout' } })),
    bad: (range) =>
      orNone(
        runs(range, { 'gaugeway.job.result': { matches: 'failure|error|timeout' } }),
        runs(range, { 'gaugeway.job.result': { matches: 'success|failure|error|timeout' } }),
      ),
  },
  'job-wait': {
    title: 'Job wait',
    promise: `A job runs within ${WAIT_SECONDS} s of being ready.`,
    objective: 0.99,
    events: (range) => sumBy(BY, growth(series(jobWaitTime, 'count'), range)),
    bad: (range) =>
      slower(
        growth(series(jobWaitTime, 'count'), range),
        growth(series(jobWaitTime, 'bucket', { le: atMost(WAIT_SECONDS) }), range),
      ),
    boundary: { of: [jobWaitTime], at: WAIT_SECONDS },
  },
} as const satisfies Record<string, SloSpec>;

export type SloId = keyof typeof slos;
/** The share that is promised, by SLO; one that is left out is not there. */
export type Objectives = { readonly [Id in SloId]?: number };

export const sloSpec = (id: SloId): SloSpec => slos[id];
export const sloIds = Object.keys(slos) as SloId[];

/** The objectives by what a configuration says and else by default; a wrong name or share throws, naming it. */
export function resolveObjectives(given: { readonly [Id in SloId]?: number | false } = {}): Objectives {
  for (const [id, objective] of Object.entries(given)) {
    if (!sloIds.includes(id as SloId)) {
      throw new TypeError(`gaugeway: unknown SLO "${id}"; the SLOs are ${sloIds.join(', ')}`);
    }
    if (objective !== false && !(typeof objective === 'number' && objective > 0 && objective < 1)) {
      throw new TypeError(
        `gaugeway: the objective of "${id}" must be a share between 0 and 1, such as 0.999, or false`,
      );
    }
  }
  const entries = sloIds.map((id) => [id, given[id] ?? slos[id].objective] as const);
  return Object.fromEntries(entries.filter(([, objective]) => objective !== false));
}
