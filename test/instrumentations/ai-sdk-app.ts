import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAppWith } from '../helpers/copies.ts';
import { type AppEnd, REGISTER, runApp } from '../helpers/run-app.ts';

export const CALLS = 'gen_ai.client.operation.duration';
export const ATTEMPTS = 'gaugeway.model.attempt.duration';
export const MODEL = 'gen_ai.request.model';

/** A major of the AI SDK, and its own provider for OpenAI. */
interface AiSdk {
  readonly alias: string;
  readonly provider: string;
}
/** Majors that do not tell of themselves. */
export const OLDER: readonly AiSdk[] = [
  { alias: 'ai-6', provider: 'ai-sdk-openai-3' },
  { alias: 'ai-5', provider: 'ai-sdk-openai-2' },
];
export const MAJORS: readonly AiSdk[] = [{ alias: 'ai', provider: '@ai-sdk/openai' }, ...OLDER];

/** Runs a program with this major as `ai`, and us. */
export async function runAiApp(alias: string, source: string, env: Readonly<Record<string, string>>): Promise<AppEnd> {
  const file = writeAppWith(alias, 'ai', source, '.mjs');
  const end = await runApp({ file, flags: REGISTER, env });
  rmSync(dirname(file), { recursive: true, force: true });
  return end;
}
