import { expect } from 'vitest';
import { type NodeVersion, runApp } from '../helpers/run-app.ts';

/** Runs an application with agents, which asks the model at `modelUrl`; returns what it says to have seen. */
export async function runAgentApp(
  file: string,
  modelUrl: string,
  node: NodeVersion,
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<unknown> {
  const { code, stdout, stderr } = await runApp({
    node,
    file: `test/fixtures/${file}`,
    flags,
    env: { ...env, MODEL_URL: modelUrl, GAUGEWAY_MODEL_ENDPOINTS: `openai=${modelUrl}` },
    limitMs: 60_000,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}
