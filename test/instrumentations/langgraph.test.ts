import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startModel } from '../fixtures/langgraph/model.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type NodeVersion, REGISTER } from '../helpers/run-app.ts';
import { sortedTree, treeOf } from '../helpers/span-tree.ts';
import { runAgentApp } from './agent-app.ts';

let model: Awaited<ReturnType<typeof startModel>>;
beforeAll(async () => {
  model = await startModel();
});
afterAll(() => model.close());

const SEEN = {
  invoke: 24,
  stream: 4,
  failing: 'TypeError: nothing found',
  asking: 'yes',
  slow: 'AbortError',
  react: 'Error: nothing found\n Please fix your mistakes.',
  agent: 'okfound ok',
  alone: 'found ok',
};

describe('@langchain/langgraph', () => {
  it('runs as it does without us', async () => {
    expect(await runAgentApp('langgraph/app.mjs', model.url, '24', [])).toEqual(SEEN);
  }, 70_000);

  it.each<[NodeVersion, string]>([
    ['22', 'app.mjs'],
    ['24', 'app.mjs'],
    ['24', 'app.cjs'],
    ['26', 'app.mjs'],
  ])(
    'is measured on Node %s in %s',
    async (node, app) => {
      const receiver = await startReceiver();
      try {
        expect(await runAgentApp(`langgraph/${app}`, model.url, node, REGISTER, receiver.env)).toEqual(SEEN);
        expectMetrics(receiver);
        expect(treeOf(receiver.spans)).toEqual(TREE);
      } finally {
        await receiver.close();
      }
    },
    70_000,
  );
});

const SEARCH = ['execute_tool search', ['inside'], ['chat tiny']];
const WRITING = [
  'invoke_workflow writing',
  ['node plan', ['chat tiny']],
  ['node left'],
  ['node right', SEARCH],
  ['node nested', ['node think', ['chat tiny']]],
];
const TREE = sortedTree([
  '',
  WRITING,
  WRITING,
  ['invoke_workflow failing TypeError', ['node break TypeError', ['execute_tool search TypeError', ['inside']]]],
  ['invoke_workflow', ['node approve']],
  ['invoke_workflow', ['node approve']],
  ['invoke_workflow slow aborted', ['node wait aborted']],
  [
    'invoke_workflow helper',
    ['node agent', ['chat tiny']],
    ['node tools', SEARCH, ['execute_tool search TypeError', ['inside']]],
    ['node agent', ['chat tiny']],
  ],
  ['invoke_agent writer', ['node model_request', ['chat tiny']], ['node tools', SEARCH]],
  ['invoke_workflow', ['node think', ['chat tiny']]],
  // A tool of no graph is nobody's, and what it asks is a call of its own.
  ['inside'],
  ['chat tiny'],
]);

function expectMetrics(receiver: Receiver): void {
  const told = (name: string, ...keys: string[]) =>
    receiver
      .points(name)
      .map(({ attributes, count }) => [...keys.map((key) => attributes[key]), count])
      .sort();
  expect(told('gen_ai.invoke_workflow.duration', 'gen_ai.workflow.name', 'error.type')).toEqual([
    [undefined, undefined, 3],
    ['failing', 'TypeError', 1],
    ['helper', undefined, 1],
    ['slow', 'aborted', 1],
    ['writing', undefined, 2],
  ]);
  expect(told('gen_ai.invoke_agent.duration', 'gen_ai.agent.name')).toEqual([['writer', 1]]);
  expect(told('gen_ai.invoke_agent.inference_calls', 'gen_ai.agent.name')).toEqual([['writer', 1]]);
  expect(told('gen_ai.execute_tool.duration', 'gen_ai.tool.name', 'gen_ai.agent.name', 'error.type')).toEqual([
    ['search', undefined, undefined, 3],
    ['search', undefined, 'TypeError', 2],
    ['search', 'writer', undefined, 1],
  ]);
  const steps = told('gaugeway.job.step.duration', 'gaugeway.job.step.name', 'gaugeway.job.step.type', 'error.type');
  expect(steps).toEqual([
    ['agent', 'node', undefined, 2],
    ['approve', 'node', undefined, 2],
    ['break', 'node', 'TypeError', 1],
    ['left', 'node', undefined, 2],
    ['model_request', 'node', undefined, 1],
    ['nested', 'node', undefined, 2],
    ['plan', 'node', undefined, 2],
    ['right', 'node', undefined, 2],
    ['think', 'node', undefined, 3],
    ['tools', 'node', undefined, 1],
    ['tools', 'node', undefined, 1],
    ['wait', 'node', 'aborted', 1],
  ]);
  expect(receiver.total('gen_ai.client.operation.duration')).toBe(13);
}
