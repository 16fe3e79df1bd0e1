import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Behaviour,
  type Ledger,
  type LedgerEntry,
  startMockProvider,
} from '../../examples/mock-provider/index.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { type AppEnd, type NodeVersion, REGISTER, runApp } from '../helpers/run-app.ts';
import { type Findings, judge } from './judge.ts';
import { PATTERNS, type Pattern, type PatternName } from './patterns.ts';
import type { Sdk } from './sdk.ts';
import { VERSIONS, type Version } from './sdks/index.ts';

/** Of a stream, where the pattern does not say. */
const CHUNKS = 5;
export const FORMS = ['ESM', 'CommonJS'] as const;

/** One library, in one form, on one Node: two processes, which go through every pattern. */
interface Run {
  readonly version: Version;
  readonly node: NodeVersion;
  readonly form: (typeof FORMS)[number];
}

export interface Judged extends Run {
  readonly findings: Findings;
}

/** What one process did: what its application saw, and what the provider saw of it. */
export interface Observed {
  readonly end: AppEnd;
  /** By pattern; null where the library has no such one. */
  readonly seen: Readonly<Partial<Record<PatternName, unknown>>>;
  /** Unhandled rejections after the last pattern. */
  readonly late: number;
  /** By model: whether the client left before the end, and whether everything was sent until then. */
  readonly exchanges: Readonly<Record<string, readonly (readonly [closedEarly: boolean, sentAll: boolean])[]>>;
  readonly ledger: Ledger;
}

/** Every run of the matrix on these versions of Node, a few at a time. */
export async function runMatrix(nodes: readonly NodeVersion[]): Promise<Judged[]> {
  const runs = nodes.flatMap((node) =>
    VERSIONS.flatMap((version) => FORMS.map((form): Run => ({ version, node, form }))),
  );
  const judged: Judged[] = [];
  const waiting = runs.entries();
  const work = async (): Promise<void> => {
    for (const [index, run] of waiting) judged[index] = await runOnce(run);
  };
  // A process waits for most of its time.
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
  return judged;
}

/** One run; other flags than ours prove that the matrix sees what is wrong. */
export async function runOnce(run: Run, flags = REGISTER): Promise<Judged> {
  const { sdk } = (await import(`./sdks/${run.version.file}.ts`)) as { sdk: Sdk };
  const receiver = await startReceiver();
  try {
    const bare = await observe(run, sdk, [], {});
    const measured = await observe(run, sdk, flags, receiver.env);
    return { ...run, findings: judge(sdk, bare, measured, receiver) };
  } finally {
    await receiver.close();
  }
}

async function observe(
  run: Run,
  sdk: Sdk,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Observed> {
  const mock = await startMockProvider({ behaviour: ({ path, body }) => behaviourOf(path, body) });
  const file = writeApp(run);
  const exchanges: Record<string, [boolean, boolean][]> = {};
  let isSeen = false;
  const look = async (kill: (signal: NodeJS.Signals) => void): Promise<void> => {
    // What the process has closed, this one has been told of by now.
    await delay(100);
    for (const { path, body, closedEarly, chunksSent } of mock.requests) {
      const model = modelOf(path, body);
      exchanges[model] ??= [];
      exchanges[model].push([closedEarly, chunksSent === (behaviourOf(path, body).chunks ?? CHUNKS)]);
    }
    kill('SIGTERM');
  };
  const end = await runApp({
    node: run.node,
    file,
    flags: ['--expose-gc', '--no-warnings', ...flags],
    env: { ...env, BASE_URL: mock.url, GAUGEWAY_MODEL_ENDPOINTS: `${sdk.provider}=${mock.url}` },
    onStdout(text, kill) {
      if (isSeen || !text.endsWith('}\n')) return;
      isSeen = true;
      void look(kill);
    },
  });
  rmSync(dirname(file), { recursive: true, force: true });
  const { ledger } = mock;
  // What the process left open is told a little after its end.
  for (let turn = 0; turn < 200 && !Object.values(ledger).every(isSettled); turn++) await delay(10);
  await mock.close();
  const last = end.stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!isSeen)
    throw new Error(`${run.version.title}, ${run.form}, Node ${run.node} told nothing: ${JSON.stringify(end)}`);
  return { end, exchanges, ledger, ...(JSON.parse(last) as Pick<Observed, 'seen' | 'late'>) };
}

function isSettled({ requests, completed, dropped, abandoned, errors }: LedgerEntry): boolean {
  const failed = Object.values(errors).reduce((all, count) => all + count, 0);
  return completed + dropped + abandoned + failed === requests;
}

/** The program: the library in this form, handed to what drives it. */
function writeApp({ version, form }: Run): string {
  const { name, alias = name, beside = [], file } = version;
  const load = [name, ...beside].map((specifier, index) =>
    form === 'ESM'
      ? `import * as module${index} from '${specifier}';`
      : `const module${index} = require('${specifier}');`,
  );
  const modules = load.map((_, index) => `module${index}`).join(', ');
  const [application, driver] = ['./apps/application.ts', `./sdks/${file}.ts`].map(
    (path) => new URL(path, import.meta.url).href,
  );
  const source = `${load.join('\n')}
Promise.all([import('${application}'), import('${driver}')]).then(([{ run }, { sdk }]) => run(sdk, [${modules}]));
`;
  return writeAppWith(alias, name, source, form === 'ESM' ? '.mjs' : '.cjs');
}

function behaviourOf(path: string, body: unknown): Partial<Behaviour> {
  const pattern: Pattern | undefined = PATTERNS[modelOf(path, body) as PatternName];
  return pattern?.behaviour ?? {};
}

/** Gemini names it in the path. */
function modelOf(path: string, body: unknown): string {
  return /\/models\/([^/:]+):/.exec(path)?.[1] ?? (body as { model?: string } | undefined)?.model ?? '';
}
