import { afterEach, beforeEach, expect, it } from 'vitest';
import { agents, modelCalls } from '../../src/index.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { type Collected, startCollecting } from './collected.ts';

let recording: Recording;
let collected: Collected;
beforeEach(() => {
  recording = startRecording();
  collected = startCollecting();
});
afterEach(async () => {
  await collected.stop();
  recording.stop();
});

const told = async (name: string) =>
  (await collected.points(name)).map(({ attributes, value }) => [
    attributes,
    typeof value === 'number'
      ? value
      : [value.count, Math.round(value.sum * 1e6) / 1e6, value.buckets.boundaries.at(-1)],
  ]);

it('gives agents, tools and workflows their durations, with the attributes and boundaries of the convention', async () => {
  const startedAt = performance.now();
  const endedAt = startedAt + 2000;
  agents.start({ kind: 'workflow', name: 'team', startedAt }).end({ endedAt });
  agents.start({ kind: 'agent', name: 'writer', model: 'm', startedAt }).end({ endedAt });
  agents.start({ kind: 'agent', startedAt }).fail(new DOMException('x', 'AbortError'), { endedAt });
  agents
    .start({ kind: 'tool', name: 'search', toolType: 'function', startedAt })
    .fail(new RangeError('x'), { endedAt });
  expect(await told('gen_ai.invoke_workflow.duration')).toEqual([[{ 'gen_ai.workflow.name': 'team' }, [1, 2, 7200]]]);
  expect(await told('gen_ai.invoke_agent.duration')).toEqual([
    [{ 'gen_ai.agent.name': 'writer', 'gen_ai.request.model': 'm' }, [1, 2, 409.6]],
    [{ 'error.type': 'aborted' }, [1, 2, 409.6]],
  ]);
  expect(await told('gen_ai.execute_tool.duration')).toEqual([
    [{ 'gen_ai.tool.name': 'search', 'gen_ai.tool.type': 'function', 'error.type': 'RangeError' }, [1, 2, 81.92]],
  ]);
});

it('gives the calls of an agent where they are known, and no point where they are not', async () => {
  await agents.run({ kind: 'agent', name: 'writer' }, async () => {
    await modelCalls.run({ provider: 'openai' }, async () => undefined);
    await modelCalls.run({ provider: 'openai' }, async () => undefined);
  });
  expect(await told('gen_ai.invoke_agent.inference_calls')).toEqual([[{ 'gen_ai.agent.name': 'writer' }, [1, 2, 128]]]);
  expect(await told('gen_ai.invoke_agent.tool_calls')).toEqual([]);
});
