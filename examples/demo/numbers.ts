import { quantile, type Sample, select, sum } from './scrape.ts';

/** What the gateway's endpoint tells of one model; durations in seconds, undefined where nothing was recorded. */
export interface ModelNumbers {
  readonly model: string;
  readonly calls: number;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
  readonly firstChunkP50: number | undefined;
  /** Output tokens per second after the first chunk, median of the streamed calls. */
  readonly tokensPerSecond: number | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Failed calls by `error.type`. */
  readonly errors: Readonly<Record<string, number>>;
  readonly active: number;
}

/** What the orchestrator's endpoint tells of one kind of job. */
export interface JobNumbers {
  readonly job: string;
  readonly runs: number;
  readonly waitP50: number | undefined;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly failures: number;
  readonly retries: number;
  readonly active: number;
}

const DURATION = 'gen_ai_client_operation_duration_seconds';
const FIRST_CHUNK = 'gen_ai_client_operation_time_to_first_chunk_seconds';
const TOKENS = 'gen_ai_client_token_usage';
const SPEED = 'gaugeway_model_output_speed_per_second';
const MODELS_ACTIVE = 'gaugeway_model_active';
const RUN = 'gaugeway_job_run_duration_seconds';
const WAIT = 'gaugeway_job_wait_time_seconds';
const RETRIES = 'gaugeway_job_retries_total';
const JOBS_ACTIVE = 'gaugeway_job_run_active';

export function readModels(samples: readonly Sample[]): ModelNumbers[] {
  return valuesOf(samples, MODELS_ACTIVE, 'gen_ai_request_model').map((model) => {
    const of = (name: string, labels = {}) => select(samples, name, { gen_ai_request_model: model, ...labels });
    const durations = of(`${DURATION}_bucket`);
    const errors: Record<string, number> = {};
    for (const { labels, value } of of(`${DURATION}_count`)) {
      if (labels.error_type !== undefined) errors[labels.error_type] = (errors[labels.error_type] ?? 0) + value;
    }
    return {
      model,
      calls: sum(of(`${DURATION}_count`)),
      p50: quantile(0.5, durations),
      p90: quantile(0.9, durations),
      p99: quantile(0.99, durations),
      firstChunkP50: quantile(0.5, of(`${FIRST_CHUNK}_bucket`)),
      tokensPerSecond: quantile(0.5, of(`${SPEED}_bucket`)),
      inputTokens: sumIfAny(of(`${TOKENS}_sum`, { gen_ai_token_type: 'input' })),
      outputTokens: sumIfAny(of(`${TOKENS}_sum`, { gen_ai_token_type: 'output' })),
      errors,
      active: sum(of(MODELS_ACTIVE)),
    };
  });
}

export function readJobs(samples: readonly Sample[]): JobNumbers[] {
  return valuesOf(samples, JOBS_ACTIVE, 'gaugeway_job_name').map((job) => {
    const of = (name: string) => select(samples, name, { gaugeway_job_name: job });
    const runs = of(`${RUN}_count`);
    return {
      job,
      runs: sum(runs),
      waitP50: quantile(0.5, of(`${WAIT}_bucket`)),
      p50: quantile(0.5, of(`${RUN}_bucket`)),
      p90: quantile(0.9, of(`${RUN}_bucket`)),
      failures: sum(runs.filter(({ labels }) => labels.gaugeway_job_result !== 'success')),
      retries: sum(of(RETRIES)),
      active: sum(of(JOBS_ACTIVE)),
    };
  });
}

/** What nobody has told is unknown, and not zero. */
function sumIfAny(samples: readonly Sample[]): number | undefined {
  return samples.length === 0 ? undefined : sum(samples);
}

function valuesOf(samples: readonly Sample[], name: string, label: string): string[] {
  return [...new Set(select(samples, name).map(({ labels }) => labels[label] ?? '(unknown)'))].sort();
}
