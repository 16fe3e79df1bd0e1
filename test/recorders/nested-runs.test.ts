import { AsyncLocalStorage } from 'node:async_hooks';
import { context, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentRun, type JobStep, jobs, modelCalls, operations } from '../../src/index.ts';
import { NestedRuns } from '../../src/recorders/nested-runs.ts';
import { type Recording, startRecording } from './recording.ts';

/** A library with a context of its own: the id of what runs. */
const library = new AsyncLocalStorage<string>();
let recording: Recording;
let runs: NestedRuns;
let stop: () => void;
beforeEach(() => {
  recording = startRecording();
  runs = new NestedRuns(() => library.getStore());
  stop = runs.listen();
});
afterEach(() => {
  stop();
  recording.stop();
});
const parentOf = (name: string): string | undefined => {
  const spans = recording.spans();
  const parent = spans.find((span) => span.name === name)?.parentSpanContext?.spanId;
  return spans.find((span) => span.spanContext().spanId === parent)?.name;
};
const agentRuns = (): AgentRun[] => recording.observations.filter((o) => o.kind === 'agent_run');

describe('runs of a library with a context of its own', () => {
  it('are around what runs in them, for everything that gaugeway records', async () => {
    runs.start('agent', undefined, { kind: 'agent', name: 'writer' });
    runs.start('between', 'agent', undefined);
    runs.start('tool', 'between', { kind: 'tool', name: 'search' });
    await library.run('tool', async () => {
      await operations.run('load', async () => undefined);
      await jobs.step('think', async () => modelCalls.run({ provider: 'openai', model: 'm' }, async () => undefined));
      await jobs.run('inner', async () => undefined);
    });
    runs.end('tool');
    await library.run('between', () => modelCalls.run({ provider: 'openai', model: 'own' }, async () => undefined));
    runs.end('between');
    runs.end('agent');
    expect(parentOf('load')).toBe('execute_tool search');
    expect(parentOf('agent think')).toBe('execute_tool search');
    expect(parentOf('chat m')).toBe('agent think');
    expect(parentOf('process inner')).toBe('execute_tool search');
    expect(parentOf('chat own')).toBe('invoke_agent writer');
    expect(parentOf('execute_tool search')).toBe('invoke_agent writer');
    expect(agentRuns()).toMatchObject([
      { role: 'tool', name: 'search', agent: 'writer' },
      { role: 'agent', inferenceCalls: 1, toolCalls: 1 },
    ]);
  });

  it('are inside of the job that was active when they began, and no further in than what was begun in them', async () => {
    await jobs.run('report', async () => {
      runs.start('agent', undefined, { kind: 'agent', name: 'writer' });
      await library.run('agent', async () => {
        const own = trace.getTracer('application').startSpan('own', {}, context.active());
        await context.with(trace.setSpan(context.active(), own), () => operations.run('load', async () => undefined));
        own.end();
      });
      runs.end('agent');
    });
    expect(parentOf('invoke_agent writer')).toBe('process report');
    expect(parentOf('load')).toBe('own');
    const steps: JobStep[] = recording.observations.filter((o) => o.kind === 'job_step');
    expect(steps).toMatchObject([{ name: 'writer', type: 'agent', job: { name: 'report' } }]);
  });

  it('have nothing to do with what runs beside them or after them', async () => {
    runs.start('agent', undefined, { kind: 'agent', name: 'writer' });
    operations.run('beside', () => undefined);
    runs.end('agent');
    library.run('agent', () => operations.run('after', () => undefined));
    expect([parentOf('beside'), parentOf('after')]).toEqual([undefined, undefined]);
  });

  it('tell what they failed with, or what the last model call or node in them failed with', async () => {
    runs.start('tool', undefined, { kind: 'tool', name: 'search' });
    runs.fail('tool', new RangeError('private'));
    runs.start('graph', undefined, { kind: 'workflow', name: 'graph' });
    runs.start('node', 'graph', { kind: 'node', name: 'node' });
    runs.fail('node', new DOMException('x', 'AbortError'));
    runs.fail('graph', new Error('Aborted'));
    runs.start('agent', undefined, { kind: 'agent', name: 'writer' });
    const refused = Object.assign(new Error('x'), { status: 429 });
    await library.run('agent', () =>
      modelCalls.run({ provider: 'p' }, () => Promise.reject(refused)).catch(() => undefined),
    );
    runs.end('agent', { outcome: 'error', errorType: '_OTHER' });
    expect(agentRuns().map(({ role, errorType }) => [role, errorType])).toEqual([
      ['tool', 'RangeError'],
      ['workflow', 'aborted'],
      ['agent', '429'],
    ]);
  });

  it('that never end are given up, the oldest first, and all of them when nobody listens any more', () => {
    for (let id = 0; id < 10_002; id++) runs.start(`${id}`, undefined, { kind: 'agent', name: 'writer', span: false });
    expect(recording.dropped).toEqual(Array(2).fill('unobservable'));
    stop();
    expect(recording.dropped).toHaveLength(10_002);
    expect(agentRuns()).toEqual([]);
  });

  it('leave the context alone that a library breaks', () => {
    stop();
    stop = new NestedRuns(() => {
      throw new Error('not there');
    }).listen();
    expect(operations.run('load', () => 7)).toBe(7);
    expect(recording.dropped).toContain('hook_failed');
  });
});
