/** Duration of GenAI client operations, seconds: 0.01 doubled up to 81.92. Source: GenAI semantic conventions. */
export const OPERATION = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
] as const;

/** As `OPERATION`, on to 655.36 s: long reasoning calls and agent steps end past 82 s. */
export const LONG_OPERATION = [...OPERATION, 163.84, 327.68, 655.36] as const;

/** Tokens, powers of four. Source: GenAI semantic conventions. */
export const TOKENS = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
] as const;

/** Tokens per second. */
export const TOKEN_RATE = [1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000] as const;

/** Job runs, seconds; contains the convention's boundaries of workflows, so that jobs and workflows compare. */
export const RUN = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] as const;

/** Invocations of an agent, seconds: 0.1 doubled up to 409.6. Source: GenAI semantic conventions. */
export const AGENT = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6] as const;

/** Runs of a workflow, seconds. Source: GenAI semantic conventions. */
export const WORKFLOW = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] as const;

/** Calls made by one invocation of an agent, powers of two. Source: GenAI semantic conventions. */
export const CALLS = [1, 2, 4, 8, 16, 32, 64, 128] as const;

/** Waiting in a queue, seconds. */
export const WAIT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600] as const;

/** Operations of the application, seconds; contains every default threshold. */
export const APPLICATION = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300,
] as const;

/** Requests that the application answers, seconds; the convention's boundaries and every default threshold. */
export const HTTP_SERVER = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.75, 1, 2, 2.5, 5, 7.5, 10,
] as const;

/** Database operations, seconds; the convention's boundaries and every default threshold. */
export const DATABASE = [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 5, 10] as const;

/** What a gateway adds to the calls that it passes on, seconds. */
export const OVERHEAD = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;
