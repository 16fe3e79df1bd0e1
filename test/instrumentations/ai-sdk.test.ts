import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';
import { ATTEMPTS, CALLS, MAJORS, MODEL } from './ai-sdk-app.ts';
import { startAiProvider } from './ai-sdk-provider.ts';

const SCENARIOS = new URL('../fixtures/ai-sdk/scenarios.mjs', import.meta.url).href;
const MATRIX = MAJORS.flatMap((sdk) =>
  NODES.flatMap((node) => (['.mjs', '.cjs'] as const).map((extension) => ({ ...sdk, node, extension }))),
);

/** What became of each model: its calls, their attempts, the error of the last and what was tried again. */
const EXPECTED: Readonly<
  Record<string, readonly [calls: number, attempts: number, errorType?: string | undefined, retries?: number]>
> = {
  'second-try': [1, 2, undefined, 1],
  exhausted: [1, 3, 'server_error', 2],
  'not-tried-again': [1, 1, 'invalid_request_error'],
  refused: [1, 1, 'ECONNREFUSED'],
  'aborted-while-asking': [1, 1, 'aborted'],
  'aborted-while-waiting': [1, 1, 'aborted'],
  'timed-out': [1, 1, 'timeout'],
  'stream-third-try': [1, 3, undefined, 2],
  'stream-exhausted': [1, 2, 'server_error', 1],
  'stream-drop': [1, 1, 'UND_ERR_SOCKET'],
  'stream-abort': [1, 1, 'aborted'],
  'stream-aborted-while-waiting': [1, 1, 'aborted'],
  'embedding-second-try': [1, 2, undefined, 1],
  'embedding-many': [1, 2],
  'object-second-try': [1, 2, undefined, 1],
  'tool-loop': [2, 2],
  'tool-fails': [2, 2],
  'stream-tool-loop': [2, 2],
  'nested-tool': [2, 2],
  'nested-inner': [2, 2],
  'agent-fails': [1, 1, 'server_error'],
  agent: [2, 2],
  unasked: [1, 1, 'server_error'],
};

let mock: MockProvider;
let receiver: Receiver;
/** Nothing listens here any more. */
let refusing: string;
beforeAll(async () => {
  mock = await startAiProvider();
  receiver = await startReceiver();
  const gone = await startMockProvider();
  refusing = `${gone.url}/v1`;
  await gone.close();
});
afterAll(async () => {
  await mock.close();
  await receiver.close();
});

let runs = 0;
function write({ alias, provider, extension }: (typeof MATRIX)[number]): string {
  const get = (name: string, from: string) =>
    extension === '.mjs' ? `import * as ${name} from '${from}';` : `const ${name} = require('${from}');`;
  const source = `${get('ai', 'ai')}\n${get('provider', provider)}
    const createOpenAI = (options) => provider.createOpenAI({ ...options, headers: { 'x-run': process.env.RUN } });
    import('${SCENARIOS}').then(({ run }) => run(ai, createOpenAI));\n`;
  return writeAppWith(alias, 'ai', source, extension);
}

describe.each(MATRIX)('$alias on Node $node, loaded by $extension', (row) => {
  let seen: [string, unknown][];

  it('sees the same results, errors and rejections as without us', async () => {
    const env = {
      BASE_URL: `${mock.url}/v1`,
      REFUSING_URL: refusing,
      GAUGEWAY_MODEL_ENDPOINTS: `openai=${refusing},openai=${mock.url}`,
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    const file = write(row);
    receiver.reset();
    const [bare, measured] = await Promise.all([
      runApp({ node: row.node, file, env: { ...env, RUN: String(++runs) } }),
      runApp({ node: row.node, file, flags: REGISTER, env: { ...env, ...receiver.env, RUN: String(++runs) } }),
    ]);
    rmSync(dirname(file), { recursive: true, force: true });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    seen = JSON.parse(measured.stdout) as typeof seen;
    expect(seen).toEqual(JSON.parse(bare.stdout));
    expect(Object.fromEntries(seen)).toHaveProperty('unhandled');
  });

  it('is one call for each asking of a model, with its attempts and its retries', () => {
    const asked = seen.map(([model]) => model).filter((model) => model !== 'unhandled' && model !== 'exports');
    const models = [...asked, 'unasked', 'nested-inner', 'nested-plain'];
    const told = (model: string) => [
      model,
      receiver.total(CALLS, { [MODEL]: model }),
      receiver.total(ATTEMPTS, { [MODEL]: model }),
      receiver.points(CALLS, { [MODEL]: model })[0]?.attributes['error.type'],
      receiver.total('gaugeway.model.retries', { [MODEL]: model }),
    ];
    expect(models.map(told)).toEqual(
      models.map((model) => {
        const [calls, attempts, errorType, retries = 0] = EXPECTED[model] ?? [1, 1];
        return [model, calls, attempts, errorType, retries];
      }),
    );
  });

  it('tells that another model was asked in the same call', () => {
    expect(receiver.points('gaugeway.model.fallbacks').map(({ attributes, value }) => [attributes, value])).toEqual([
      [
        expect.objectContaining({
          [MODEL]: 'fallback',
          'gaugeway.fallback.from': 'openai/fallback',
          'gaugeway.fallback.to': 'openai/fallback-second',
        }),
        1,
      ],
    ]);
    expect(receiver.total(CALLS, { [MODEL]: 'fallback-second' })).toBe(0);
    expect(receiver.total(ATTEMPTS, { [MODEL]: 'fallback-second' })).toBe(1);
  });

  it('gives the agents among them, and their tools as far as they are told', () => {
    const tellsItself = row.alias === 'ai';
    const counts = (name: string) =>
      receiver
        .points(name)
        .map(({ attributes, count, sum }) => [attributes['gen_ai.agent.name'] ?? '', count, sum])
        .sort();
    expect(
      receiver
        .points('gen_ai.invoke_agent.duration')
        .map(({ attributes, count }) => [
          attributes[MODEL],
          attributes['gen_ai.agent.name'],
          attributes['error.type'],
          count,
        ])
        .sort(),
    ).toEqual([
      ['agent', 'travel', undefined, 1],
      ['agent-fails', undefined, 'server_error', 1],
      ['nested-inner', undefined, undefined, 1],
      ['nested-tool', 'asker', undefined, 1],
      // How a stream ends can only be seen where it is told.
      ...(tellsItself ? [['stream-tool-loop', undefined, undefined, 1]] : []),
      ['tool-fails', undefined, undefined, 1],
      ['tool-loop', 'forecaster', undefined, 1],
    ]);
    expect(counts('gen_ai.invoke_agent.inference_calls')).toEqual([
      ['', tellsItself ? 4 : 3, tellsItself ? 7 : 5],
      ['asker', 1, 2],
      ['forecaster', 1, 2],
      ['travel', 1, 2],
    ]);
    const tools = receiver
      .points('gen_ai.execute_tool.duration', { 'gen_ai.tool.name': 'weather', 'gen_ai.tool.type': 'function' })
      .map(({ attributes, count }) => [attributes['gen_ai.agent.name'] ?? '', attributes['error.type'] ?? '', count])
      .sort();
    if (!tellsItself) {
      expect([...counts('gen_ai.invoke_agent.tool_calls'), ...tools]).toEqual([]);
      return;
    }
    expect(counts('gen_ai.invoke_agent.tool_calls')).toEqual([
      ['', 4, 3],
      ['asker', 1, 1],
      ['forecaster', 1, 1],
      ['travel', 1, 1],
    ]);
    expect(tools).toEqual([
      ['', '', 2],
      ['', 'RangeError', 1],
      ['asker', '', 1],
      ['forecaster', '', 1],
      ['travel', '', 1],
    ]);
  });

  it('leaves nothing in flight, and tells which version it has met', () => {
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', row.alias, 'package.json'), 'utf8'));
    expect(
      receiver
        .points('gaugeway.self.hooks', { 'gaugeway.hook.name': 'ai' })
        .map(({ attributes }) => [attributes['gaugeway.hook.version'], attributes['gaugeway.hook.state']]),
    ).toEqual([[version, 'active']]);
  });
});
