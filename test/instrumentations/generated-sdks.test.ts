import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

const SCENARIOS = new URL('../fixtures/generated-sdks/scenarios.mjs', import.meta.url).href;
const CALLS = 'gen_ai.client.operation.duration';
const ATTEMPTS = 'gaugeway.model.attempt.duration';
const MODEL = 'gen_ai.request.model';

interface Sdk {
  readonly alias: string;
  readonly name: string;
  readonly kind: 'openai' | 'anthropic' | 'groq';
}
const OPENAI_7: Sdk = { alias: 'openai', name: 'openai', kind: 'openai' };
const ANTHROPIC_1: Sdk = { alias: '@anthropic-ai/sdk', name: '@anthropic-ai/sdk', kind: 'anthropic' };
const GROQ: Sdk = { alias: 'groq-sdk', name: 'groq-sdk', kind: 'groq' };
const OLDER: readonly Sdk[] = [
  { alias: 'openai-6', name: 'openai', kind: 'openai' },
  { alias: 'openai-5', name: 'openai', kind: 'openai' },
  { alias: 'openai-4', name: 'openai', kind: 'openai' },
  { alias: 'anthropic-ai-sdk-0', name: '@anthropic-ai/sdk', kind: 'anthropic' },
];
const MATRIX = [
  ...NODES.flatMap((node) => [OPENAI_7, ANTHROPIC_1, GROQ].map((sdk) => ({ ...sdk, node }))),
  ...OLDER.map((sdk) => ({ ...sdk, node: '24' as const })),
].flatMap((row) => (['.mjs', '.cjs'] as const).map((extension) => ({ ...row, extension })));

/** What became of each call: its attempts, and the last one's error. */
const EXPECTED: Readonly<
  Record<string, readonly [attempts: number, errorType?: string | undefined, retries?: string]>
> = {
  'stream-break': [1, 'aborted'],
  'stream-drop': [1, 'dropped'],
  'helper-abort': [1, 'aborted'],
  'second-try': [2, undefined, 'overloaded'],
  'third-stream': [3, undefined, 'overloaded'],
  exhausted: [3, 'overloaded', 'overloaded'],
  refused: [3, 'ECONNREFUSED', 'ECONNREFUSED'],
  timeout: [2, 'timeout', 'timeout'],
  'aborted-while-waiting': [1, 'aborted'],
  'aborted-while-asking': [1, 'aborted'],
  'timed-out-by-signal': [1, 'timeout'],
  'aborted-before': [0, 'aborted'],
  unasked: [1, 'overloaded'],
};

const OVERLOADED: Readonly<Record<Sdk['kind'], string>> = {
  openai: 'server_error',
  groq: 'server_error',
  anthropic: 'overloaded_error',
};

let mock: MockProvider;
let receiver: Receiver;
/** Nothing listens here any more. */
let refusing: string;
beforeAll(async () => {
  mock = await startMockProvider({
    behaviour: ({ body, headers }) => {
      const { model } = body as { model?: string };
      const retry = Number(headers['x-stainless-retry-count'] ?? 0);
      const overloaded = { status: 529, retryAfterSeconds: 0.1 };
      if (model === 'exhausted' || model === 'unasked') return overloaded;
      if (model === 'second-try' && retry < 1) return overloaded;
      if (model === 'third-stream' && retry < 2) return overloaded;
      if (model === 'aborted-while-waiting') return { status: 529, retryAfterSeconds: 5 };
      if (model === 'stream-break' || model === 'helper-abort') return { chunks: 500, chunkDelayMs: 20 };
      if (model === 'stream-drop') return { chunks: 50, chunkDelayMs: 2, dropAfterChunks: 5 };
      const isSlow = model === 'timeout' || model === 'aborted-while-asking' || model === 'timed-out-by-signal';
      return isSlow ? { hang: 'headers' } : { chunks: 4 };
    },
  });
  receiver = await startReceiver();
  const gone = await startMockProvider();
  refusing = gone.url;
  await gone.close();
});
afterAll(async () => {
  await mock.close();
  await receiver.close();
});

function write({ alias, name, kind, extension }: (typeof MATRIX)[number]): string {
  const get = extension === '.mjs' ? `import * as sdk from '${name}';` : `const sdk = require('${name}');`;
  const source = `${get}\nimport('${SCENARIOS}').then(({ run }) => run('${kind}', sdk.default ?? sdk));\n`;
  return writeAppWith(alias, name, source, extension);
}

describe.each(MATRIX)('$alias on Node $node, loaded by $extension', (row) => {
  let seen: [string, unknown][];

  it('sees the same results, errors and rejections as without us', async () => {
    const { node, kind } = row;
    const env = {
      BASE_URL: kind === 'openai' ? `${mock.url}/v1` : mock.url,
      REFUSING_URL: refusing,
      GAUGEWAY_MODEL_ENDPOINTS: `${kind}=${refusing},${kind}=${mock.url}`,
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    const file = write(row);
    receiver.reset();
    const [bare, measured] = await Promise.all([
      runApp({ node, file, env }),
      runApp({ node, file, flags: REGISTER, env: { ...env, ...receiver.env } }),
    ]);
    rmSync(dirname(file), { recursive: true, force: true });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    seen = JSON.parse(measured.stdout) as typeof seen;
    expect(seen).toEqual(JSON.parse(bare.stdout));
    expect(Object.fromEntries(seen)).toHaveProperty('unhandled');
  });

  it('is one call for each request, with its attempts, its retries and the time between them', () => {
    const overloaded = OVERLOADED[row.kind];
    const told = (model: string) => {
      const [call] = receiver.points(CALLS, { [MODEL]: model });
      const retries = receiver.points('gaugeway.model.retries', { [MODEL]: model });
      return [
        model,
        receiver.total(CALLS, { [MODEL]: model }),
        receiver.total(ATTEMPTS, { [MODEL]: model }),
        call?.attributes['error.type'],
        // The SDKs retry without reading the body that names the error: whether it had come is a matter of the network.
        retries.map(({ attributes }) => String(attributes['error.type']).replace('529', overloaded))[0],
        receiver.total('gaugeway.model.retries', { [MODEL]: model }),
      ];
    };
    const models = seen.map(([model]) => model).filter((model) => model !== 'unhandled' && model !== 'kind');
    // openai 4 sends through node:http.
    const dropped = row.alias === 'openai-4' ? 'ECONNRESET' : 'UND_ERR_SOCKET';
    for (const model of [...models, 'unasked']) {
      if (model === 'run-tools') continue;
      const [attempts, errorType, retries] = EXPECTED[model] ?? [1];
      const words: Record<string, string> = { overloaded, dropped };
      const named = (type: string | undefined) => (type === undefined ? undefined : (words[type] ?? type));
      const count = retries === undefined ? 0 : attempts - 1;
      expect(told(model)).toEqual([model, 1, attempts, named(errorType), named(retries), count]);
    }
    const [backoff] = receiver.points('gaugeway.model.backoff_time', { [MODEL]: 'exhausted' });
    expect(backoff?.count).toBe(2);
    expect((backoff?.sum ?? 0) / 2).toBeGreaterThan(0.09);
    const [whole] = receiver.points(CALLS, { [MODEL]: 'exhausted' });
    expect(whole?.sum ?? 0).toBeGreaterThan(backoff?.sum ?? 0);
  });

  it('leaves nothing in flight, and tells which version it has met', () => {
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', row.alias, 'package.json'), 'utf8'));
    expect(
      receiver
        .points('gaugeway.self.hooks', { 'gaugeway.hook.name': row.name })
        .map(({ attributes }) => [attributes['gaugeway.hook.version'], attributes['gaugeway.hook.state']]),
    ).toEqual([[version, 'active']]);
  });
});

describe.each([
  ['openai', OPENAI_7, "openai.chat.completions.create({ model: 'exhausted', messages: [] })"],
  [
    'openai-4',
    { ...OPENAI_7, alias: 'openai-4' },
    "openai.chat.completions.create({ model: 'exhausted', messages: [] })",
  ],
])('%s in a bundle', (_, sdk, ask) => {
  it('is told by the wire alone: a call for each attempt, and which of them were retries', async () => {
    const source = `import OpenAI from '${sdk.name}';
      const openai = new OpenAI({ apiKey: 'sk', baseURL: process.env.BASE_URL, maxRetries: 2 });
      ${ask}.catch((error) => console.log(error.status));`;
    const entry = writeAppWith(sdk.alias, sdk.name, source, '.mjs');
    const file = join(dirname(entry), 'bundle.cjs');
    await build({ entryPoints: [entry], outfile: file, bundle: true, platform: 'node', logLevel: 'error' });
    receiver.reset();
    const env = { BASE_URL: `${mock.url}/v1`, GAUGEWAY_MODEL_ENDPOINTS: `openai=${mock.url}`, ...receiver.env };
    const end = await runApp({ file, flags: REGISTER, env });
    rmSync(dirname(file), { recursive: true, force: true });
    // What openai 4 is bundled with is deprecated, which Node says.
    expect(end).toMatchObject({ code: 0, stdout: '529\n' });
    const failed = { [MODEL]: 'exhausted' };
    expect(receiver.total(CALLS, failed)).toBe(3);
    expect(receiver.total(ATTEMPTS, failed)).toBe(3);
    // What they followed was another call to the wire.
    expect(receiver.total('gaugeway.model.retries', { [MODEL]: 'exhausted', 'error.type': '_OTHER' })).toBe(2);
    expect(receiver.points('gaugeway.model.backoff_time')).toEqual([]);
  });
});
