import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startModel } from '../fixtures/openai-agents/model.ts';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type NodeVersion, REGISTER, runApp } from '../helpers/run-app.ts';
import { sortedTree, treeOf } from '../helpers/span-tree.ts';
import { runAgentApp } from './agent-app.ts';

let model: Awaited<ReturnType<typeof startModel>>;
beforeAll(async () => {
  model = await startModel();
});
afterAll(() => model.close());

const SEEN = {
  handoff: ['done', 'writer'],
  stream: ['done', true],
  nested: 'asked',
  named: 'hello',
  broken: 400,
  slow: 'APIUserAbortError',
};

describe('@openai/agents', () => {
  it('runs as it does without us', async () => {
    expect(await runAgentApp('openai-agents/app.mjs', model.url, '24', [])).toEqual(SEEN);
  }, 70_000);

  it.each([[], REGISTER])('keeps the name and the length of the methods that it watches: %j', async (...flags) => {
    const source = `import { Span } from '@openai/agents-core';
      const { start, end } = Span.prototype;
      console.log(JSON.stringify([start, end].map(({ name, length }) => [name, length])));`;
    const file = writeAppWith('@openai/agents-core', '@openai/agents-core', source, '.mjs');
    const { stdout } = await runApp({
      file,
      flags,
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' },
    });
    rmSync(dirname(file), { recursive: true, force: true });
    expect(JSON.parse(stdout)).toEqual([
      ['start', 0],
      ['end', 0],
    ]);
  });

  it.each<[NodeVersion, string]>([
    ['22', 'app.mjs'],
    ['24', 'app.mjs'],
    ['24', 'app.cjs'],
    ['26', 'app.mjs'],
  ])(
    'is measured on Node %s in %s, though the application takes all trace processors off',
    async (node, app) => {
      const receiver = await startReceiver();
      try {
        expect(await runAgentApp(`openai-agents/${app}`, model.url, node, REGISTER, receiver.env)).toEqual(SEEN);
        expectMetrics(receiver);
        expect(treeOf(receiver.spans)).toEqual(TREE);
        expect(receiver.points('gaugeway.self.dropped')).toEqual([]);
      } finally {
        await receiver.close();
      }
    },
    70_000,
  );
});

const WRITER = [
  'invoke_agent writer',
  ['chat tiny'],
  ['execute_tool search _OTHER', ['inside']],
  ['execute_tool search', ['chat inner'], ['inside']],
  ['chat tiny'],
];
/** Children are sorted by their text: tools run side by side. */
const TREE = sortedTree([
  '',
  ['Agent workflow', ['invoke_agent triage', ['chat tiny']], WRITER],
  ['Agent workflow', WRITER],
  [
    'Agent workflow',
    ['invoke_agent asks', ['chat tiny'], ['execute_tool ask_writer', ['Agent workflow', WRITER]], ['chat tiny']],
  ],
  ['invoke_workflow nightly', ['invoke_agent greeter', ['chat tiny']]],
  ['Agent workflow', ['invoke_agent broken invalid_request_error', ['chat tiny invalid_request_error']]],
  ['Agent workflow', ['invoke_agent slow aborted', ['chat tiny aborted']]],
]);

function expectMetrics(receiver: Receiver): void {
  const told = (name: string, ...keys: string[]) =>
    receiver
      .points(name)
      .map(({ attributes, count, sum }) => [
        ...keys.map((key) => attributes[key]),
        count,
        ...(keys.length === 1 ? [sum] : []),
      ])
      .sort();
  expect(told('gen_ai.invoke_agent.duration', 'gen_ai.agent.name', 'error.type')).toEqual([
    ['asks', undefined, 1],
    ['broken', 'invalid_request_error', 1],
    ['greeter', undefined, 1],
    ['slow', 'aborted', 1],
    ['triage', undefined, 1],
    ['writer', undefined, 3],
  ]);
  const toolKeys = ['gen_ai.tool.name', 'gen_ai.agent.name', 'gen_ai.tool.type', 'error.type'];
  expect(told('gen_ai.execute_tool.duration', ...toolKeys)).toEqual([
    ['ask_writer', 'asks', 'function', undefined, 1],
    ['search', 'writer', 'function', undefined, 3],
    ['search', 'writer', 'function', '_OTHER', 3],
  ]);
  expect(told('gen_ai.invoke_agent.inference_calls', 'gen_ai.agent.name')).toEqual([
    ['asks', 1, 2],
    ['broken', 1, 1],
    ['greeter', 1, 1],
    ['slow', 1, 1],
    ['triage', 1, 1],
    ['writer', 3, 6],
  ]);
  expect(told('gen_ai.invoke_agent.tool_calls', 'gen_ai.agent.name')).toEqual([
    ['asks', 1, 1],
    ['writer', 3, 6],
  ]);
  expect(told('gen_ai.invoke_workflow.duration', 'gen_ai.workflow.name', 'error.type')).toEqual([
    ['nightly', undefined, 1],
  ]);
  expect(receiver.total('gen_ai.client.operation.duration')).toBe(15);
}
