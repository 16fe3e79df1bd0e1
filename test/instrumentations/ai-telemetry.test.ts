import { tracingChannel } from 'node:diagnostics_channel';
import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { generateText, isStepCount, jsonSchema, streamText, ToolLoopAgent, tool } from 'ai';
import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aiTelemetryInstrumentation } from '../../instrumentations/ai-sdk.ts';
import { type AgentRun, type JobStep, jobs, type ModelCall } from '../../src/index.ts';
import { runApp } from '../helpers/run-app.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';

const instrumentation = aiTelemetryInstrumentation();
let recording: Recording;
beforeEach(() => {
  recording = startRecording();
  instrumentation.enable();
});
afterEach(() => {
  instrumentation.disable();
  recording.stop();
});
const calls = (): ModelCall[] => recording.observations.filter((o) => o.kind === 'model_call');
const runs = (): AgentRun[] => recording.observations.filter((o) => o.kind === 'agent_run');
const steps = (): JobStep[] => recording.observations.filter((o) => o.kind === 'job_step');

const usage = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
};
const stop = { unified: 'stop' as const, raw: 'stop' };
const toUse = { unified: 'tool-calls' as const, raw: 'tool_calls' };
const CALL = { type: 'tool-call' as const, toolCallId: 'call_1', toolName: 'weather', input: '{"city":"Oslo"}' };

/** A model on no wire, which uses a tool first. */
function model(modelId = 'mock', usesTool = true) {
  let asked = 0;
  return new MockLanguageModelV4({
    provider: 'openai.chat',
    modelId,
    doGenerate: async () =>
      usesTool && asked++ === 0
        ? { content: [CALL], finishReason: toUse, usage, warnings: [] }
        : { content: [{ type: 'text', text: 'rain' }], finishReason: stop, usage, warnings: [] },
    doStream: async () => {
      const parts =
        usesTool && asked++ === 0
          ? [{ type: 'stream-start', warnings: [] }, CALL, { type: 'finish', finishReason: toUse, usage }]
          : [
              { type: 'stream-start', warnings: [] },
              { type: 'text-start', id: '1' },
              { type: 'text-delta', id: '1', delta: 'rain' },
              { type: 'text-end', id: '1' },
              { type: 'finish', finishReason: stop, usage },
            ];
      return { stream: simulateReadableStream({ chunks: parts as never[] }) };
    },
  });
}

function weather(execute: () => unknown = () => 'rain') {
  const inputSchema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } });
  return { weather: tool({ description: 'Weather', inputSchema, execute: async () => execute() }) };
}
const stopWhen = isStepCount(5);
const ask = (more: object = {}) => generateText({ model: model(), prompt: 'Hi', tools: weather(), stopWhen, ...more });

describe('the AI SDK 7', () => {
  it('is one trace from the job to the span that a tool makes', async () => {
    const tools = weather(() => trace.getTracer('app').startActiveSpan('look out of the window', (span) => span.end()));
    await jobs.run({ name: 'forecast', queue: 'q' }, () => ask({ tools, telemetry: { functionId: 'forecaster' } }));
    const spans = recording.spans();
    const tree = spans.map(({ name, parentSpanContext }) => [
      name,
      spans.find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name,
    ]);
    expect(tree).toEqual([
      ['chat mock', 'invoke_agent forecaster'],
      ['look out of the window', 'execute_tool weather'],
      ['execute_tool weather', 'invoke_agent forecaster'],
      ['chat mock', 'invoke_agent forecaster'],
      ['invoke_agent forecaster', 'process q'],
      ['process q', undefined],
    ]);
    expect(steps()).toMatchObject([
      { name: 'weather', type: 'tool', agent: 'forecaster', job: { name: 'forecast', queue: 'q' } },
      { name: 'forecaster', type: 'agent', agent: 'forecaster', job: { name: 'forecast' } },
    ]);
    expect(spans.map((span) => JSON.stringify(span.attributes)).join()).not.toMatch(/Oslo|rain|Hi/);
  });

  it('tells of a model on no wire what the AI SDK knows of its answer', async () => {
    await ask();
    expect(calls()).toMatchObject([
      {
        provider: 'openai',
        operation: 'chat',
        requestModel: 'mock',
        finishReasons: ['tool-calls'],
        outcome: 'success',
      },
      { usage: { input: 10, output: 5, total: 15, cacheRead: 4, reasoning: 2 }, finishReasons: ['stop'], attempts: 1 },
    ]);
    expect(runs()).toMatchObject([
      { role: 'tool', name: 'weather' },
      { role: 'agent', name: undefined, requestModel: 'mock', inferenceCalls: 2, toolCalls: 1 },
    ]);
  });

  it('is a model call and no agent where there are no tools', async () => {
    await generateText({ model: model('mock', false), prompt: 'Hi' });
    expect(calls()).toHaveLength(1);
    expect(runs()).toEqual([]);
    expect(recording.spans().map(({ name }) => name)).toEqual(['chat mock']);
  });

  it('tells streams of models on no wire where they end alone, and counts the others', async () => {
    const result = streamText({ model: model(), prompt: 'Hi', tools: weather(), stopWhen });
    await result.consumeStream();
    // The first ran a tool before it ended: how long its stream took cannot be told.
    expect(recording.dropped).toEqual(['unobservable']);
    expect(calls()).toMatchObject([{ streaming: true, outcome: 'success', usage: undefined }]);
    expect(runs()).toMatchObject([{ role: 'tool' }, { role: 'agent', inferenceCalls: 2, toolCalls: 1 }]);
    expect(recording.running.size).toBe(0);
  });

  it('gives an agent that a tool asks its own calls, and those side by side their own as well', async () => {
    const inner = new ToolLoopAgent({
      model: model('inner', false),
      telemetry: { functionId: 'inner' },
      tools: weather(),
    });
    const tools = weather(async () => (await inner.generate({ prompt: 'Hi' })).text);
    await Promise.all(
      ['a', 'b', 'c'].map((functionId) => ask({ model: model(functionId), tools, telemetry: { functionId } })),
    );
    const agents = runs().filter(({ role }) => role === 'agent');
    expect(
      agents.map(({ name, agent, inferenceCalls, toolCalls }) => [name, agent, inferenceCalls, toolCalls]).sort(),
    ).toEqual([
      ['a', undefined, 2, 1],
      ['b', undefined, 2, 1],
      ['c', undefined, 2, 1],
      ['inner', 'a', 1, 0],
      ['inner', 'b', 1, 0],
      ['inner', 'c', 1, 0],
    ]);
    expect(calls()).toHaveLength(9);
  });

  it('tells a failed tool from one that worked, and of one whose end is hidden nothing', async () => {
    const tools = weather(() => {
      throw new RangeError('no weather');
    });
    await ask({ tools });
    await ask({ telemetry: { recordOutputs: false } });
    expect(runs().filter(({ role }) => role === 'tool')).toMatchObject([{ outcome: 'error', errorType: 'RangeError' }]);
    expect(runs().filter(({ role }) => role === 'agent')).toMatchObject([{ toolCalls: 1 }, { toolCalls: 1 }]);
    expect(recording.dropped).toEqual(['unobservable']);
  });

  it('knows an agent whose tools are hidden once one of them runs', async () => {
    await ask({ telemetry: { recordInputs: false, functionId: 'secretive' } });
    expect(runs()).toMatchObject([{ role: 'agent', name: 'secretive', inferenceCalls: 2, toolCalls: 1 }]);
    expect(recording.spans().map(({ name }) => name)).not.toContain('invoke_agent secretive');
  });

  it('records nothing where its telemetry or tracing is turned off, nor after it was disabled', async () => {
    await ask({ telemetry: { isEnabled: false } });
    await context.with(suppressTracing(context.active()), () => ask());
    instrumentation.disable();
    await expect(ask()).resolves.toMatchObject({ text: 'rain' });
    expect(recording.observations).toEqual([]);
    expect(recording.spans()).toEqual([]);
  });

  it('leaves the spans to an integration of the AI SDK that makes them', async () => {
    const integrations = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown };
    integrations.AI_SDK_TELEMETRY_INTEGRATIONS = [
      { executeLanguageModelCall: ({ execute }: { execute: () => Promise<unknown> }) => execute() },
    ];
    try {
      await ask();
    } finally {
      delete integrations.AI_SDK_TELEMETRY_INTEGRATIONS;
    }
    expect(recording.spans()).toEqual([]);
    expect([calls().length, runs().length]).toEqual([2, 2]);
  });

  it('hands on the very error, and classifies it', async () => {
    const error = Object.assign(new Error('x'), { name: 'AI_APICallError', statusCode: 401 });
    const failing = new MockLanguageModelV4({
      provider: 'openai.chat',
      modelId: 'm',
      doGenerate: () => Promise.reject(error),
    });
    await expect(ask({ model: failing })).rejects.toBe(error);
    expect(calls()).toMatchObject([{ outcome: 'error', errorType: '401' }]);
    expect(runs()).toMatchObject([{ outcome: 'error', errorType: '401', inferenceCalls: 1, toolCalls: 0 }]);
    expect(recording.running.size).toBe(0);
  });
});

describe('whatever is published on its channel', () => {
  const hostile = {
    get provider(): string {
      throw new Error('mine');
    },
  };
  it.each([
    undefined,
    null,
    5,
    {},
    { toolCall: {} },
    { toolCall: { toolName: 7 } },
    { provider: 5, modelId: {} },
    hostile,
  ])('reaches nobody as an error: %#', async (event) => {
    const channel = tracingChannel<string, { type: unknown; event: unknown }>('ai:telemetry');
    for (const type of [
      'generateText',
      'streamText',
      'step',
      'languageModelCall',
      'executeTool',
      'embed',
      'other',
      5,
    ]) {
      const message = { type, event };
      await expect(channel.tracePromise(async () => 'mine', message as never)).resolves.toBe('mine');
      await expect(channel.tracePromise(() => Promise.reject(event), message as never)).rejects.toBe(event);
    }
    expect(recording.running.size).toBe(0);
  });
});

it('ends the agent of a stream that nobody reads when nobody can any more', async () => {
  const source = `
    import { observe } from 'gaugeway';
    import { streamText, jsonSchema, tool } from 'ai';
    import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';
    const dropped = [];
    observe({ dropped: (reason) => dropped.push(reason) });
    const model = new MockLanguageModelV4({
      doStream: async () => ({ stream: simulateReadableStream({ chunks: [{ type: 'stream-start', warnings: [] }] }) }),
    });
    const tools = { look: tool({ inputSchema: jsonSchema({ type: 'object' }), execute: async () => 1 }) };
    const run = () => void streamText({ model, prompt: 'Hi', tools });
    run();
    for (let i = 0; i < 50 && dropped.length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
    }
    console.log(dropped.join());
  `;
  const register = new URL('../../dist/src/register.js', import.meta.url).href;
  const env = { OTEL_METRICS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' };
  const end = await runApp({ source, flags: ['--expose-gc', '--import', register], env });
  // The call and the agent.
  expect(end).toMatchObject({ code: 0, stdout: 'unobservable,unobservable\n' });
});
