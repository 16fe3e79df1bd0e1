import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentRun, agents, type JobStep, jobs, modelCalls } from '../../src/index.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());
const runs = (): AgentRun[] => recording.observations.filter((o) => o.kind === 'agent_run');
const steps = (): JobStep[] => recording.observations.filter((o) => o.kind === 'job_step');
const ask = (operation?: string) => modelCalls.run({ provider: 'openai', model: 'm', operation }, async () => 'answer');

describe('agents', () => {
  it('hands back the result, and gives an agent, its tools and its model calls as the convention names them', async () => {
    const work = agents.run({ kind: 'agent', name: 'researcher', model: 'm' }, async () => {
      await ask();
      await agents.run({ kind: 'tool', name: 'search', toolType: 'function', callId: 'call_1' }, async () => undefined);
      return ask();
    });
    await expect(work).resolves.toBe('answer');
    expect(runs()).toMatchObject([
      { role: 'tool', name: 'search', agent: 'researcher', toolType: 'function', outcome: 'success' },
      { role: 'agent', name: 'researcher', requestModel: 'm', outcome: 'success', inferenceCalls: 2, toolCalls: 1 },
    ]);
    const byName = Object.fromEntries(recording.spans().map((span) => [span.name, span]));
    expect(byName['invoke_agent researcher']).toMatchObject({
      kind: SpanKind.INTERNAL,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'researcher' },
    });
    expect(byName['execute_tool search']?.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': 'call_1',
      'gen_ai.agent.name': 'researcher',
    });
    const agentId = byName['invoke_agent researcher']?.spanContext().spanId;
    expect(byName['execute_tool search']?.parentSpanContext?.spanId).toBe(agentId);
    expect(byName['chat m']?.parentSpanContext?.spanId).toBe(agentId);
    // No job around: nothing here is a step of one.
    expect(steps()).toEqual([]);
  });

  it('makes what happens in a job a step of it, once', async () => {
    await jobs.run({ name: 'report', queue: 'q' }, async () => {
      await agents.run({ kind: 'workflow', name: 'team' }, () =>
        agents.run({ kind: 'agent', name: 'writer' }, () =>
          agents.run({ kind: 'node', name: 'draft' }, () =>
            agents.run({ kind: 'tool', name: 'search' }, async () => undefined),
          ),
        ),
      );
    });
    const job = { system: 'custom', queue: 'q', name: 'report' };
    expect(steps()).toMatchObject([
      { job, name: 'search', type: 'tool', agent: 'writer' },
      { job, name: 'draft', type: 'node', agent: 'writer' },
      { job, name: 'writer', type: 'agent', agent: 'writer' },
      { job, name: 'team', type: 'workflow', agent: undefined },
    ]);
    expect(runs().map(({ role }) => role)).toEqual(['tool', 'agent', 'workflow']);
    expect(recording.spans().map(({ name }) => name)).toEqual([
      'execute_tool search',
      'node draft',
      'invoke_agent writer',
      'invoke_workflow team',
      'process q',
    ]);
  });

  it('gives each agent the calls that it made itself: not those of inner agents and of tools, and no embeddings', async () => {
    await agents.run({ kind: 'agent', name: 'outer' }, async () => {
      await ask();
      await ask('embeddings');
      await agents.run({ kind: 'agent', name: 'inner' }, async () => {
        await ask();
        await modelCalls.run({ provider: 'openai' }, () => Promise.reject(new Error('x'))).catch(() => undefined);
      });
      await agents.run({ kind: 'tool', name: 'summarise' }, async () => {
        await ask();
        await agents.run({ kind: 'tool', name: 'nested' }, async () => undefined);
      });
    });
    const [inner, outer] = runs().filter(({ role }) => role === 'agent');
    expect(inner).toMatchObject({ name: 'inner', agent: 'outer', inferenceCalls: 2, toolCalls: undefined });
    expect(outer).toMatchObject({ name: 'outer', inferenceCalls: 1, toolCalls: 1 });
  });

  it('does not take what it has not seen for none, unless everything is told', () => {
    agents.start({ kind: 'agent' }).end();
    agents.start({ kind: 'agent', isComplete: true }).end();
    agents.start({ kind: 'agent' }).end({ inferenceCalls: 3, toolCalls: 0 });
    expect(runs()).toMatchObject([
      { name: undefined, inferenceCalls: undefined, toolCalls: undefined },
      { inferenceCalls: 0, toolCalls: 0 },
      { inferenceCalls: 3, toolCalls: 0 },
    ]);
  });

  it.each([
    ['agent', new DOMException('x', 'TimeoutError'), 'timeout', 'timeout'],
    ['agent', new DOMException('x', 'AbortError'), 'aborted', 'aborted'],
    ['agent', Object.assign(new Error('x'), { statusCode: 429 }), 'error', '429'],
    ['tool', Object.assign(new RangeError('x'), { code: 'NO_SUCH_PAGE' }), 'error', 'NO_SUCH_PAGE'],
    ['tool', 'a string', 'error', '_OTHER'],
  ] as const)('tells of a failed %s what %s is, and rethrows it', async (kind, error, outcome, errorType) => {
    await expect(agents.run({ kind, name: 'a' }, () => Promise.reject(error))).rejects.toBe(error);
    expect(runs()).toMatchObject([{ outcome, errorType }]);
    expect(recording.spans()[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': errorType },
    });
  });

  it('ends once, and not at all where the end cannot be seen', () => {
    const running = agents.start({ kind: 'tool', name: 'a' });
    running.end();
    running.fail(new Error('late'));
    running.discard();
    agents.start({ kind: 'tool', name: 'b' }).discard();
    expect(runs()).toMatchObject([{ name: 'a', outcome: 'success' }]);
    expect(recording.dropped).toEqual(['unobservable']);
    expect(recording.spans()).toHaveLength(2);
  });

  it('adds no second span inside of one that another instrumentation has opened for the same run', () => {
    const span = trace
      .getTracer('another')
      .startSpan('agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'a' } });
    const context = trace.setSpan(agents.start({ kind: 'node', name: 'x', span: false }).context, span);
    agents.start({ kind: 'agent', name: 'a', context }).end();
    agents.start({ kind: 'agent', name: 'b', context }).end();
    span.end();
    expect(recording.spans().map(({ name }) => name)).toEqual(['invoke_agent b', 'agent']);
    expect(runs()).toHaveLength(2);
  });

  it('refuses a tool without a name, counts that, and still runs it', () => {
    expect(agents.run({ kind: 'tool' }, () => 5)).toBe(5);
    expect(agents.run({ kind: 'other', name: 'a' } as never, () => 6)).toBe(6);
    expect(agents.run(undefined as never, () => 7)).toBe(7);
    expect(recording.dropped).toEqual(['invalid_value', 'invalid_value', 'invalid_value']);
    expect(recording.observations).toEqual([]);
  });

  it('does nothing when nobody listens', async () => {
    recording.stop();
    await expect(agents.run({ kind: 'agent', name: 'a' }, async () => 5)).resolves.toBe(5);
    expect(recording.observations).toEqual([]);
  });
});
