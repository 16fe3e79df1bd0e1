import { describe, expect, it } from 'vitest';
import { NODES } from '../../helpers/run-app.ts';
import { runBoth } from './both-runs.ts';

const APP = 'test/instrumentations/wire/apps/sdks.ts';
const CALLS = 'gen_ai.client.operation.duration';
const MODEL = 'gen_ai.request.model';

const FAILURES: Readonly<Record<string, string>> = {
  'openai.error': 'invalid_api_key',
  'openai.stream-break': 'aborted',
  'openai.stream-abort': 'aborted',
  'claude.error': 'rate_limit_error',
  'gemini.error': 'UNAVAILABLE',
};
const FINISH_REASONS: Readonly<Record<string, readonly string[] | undefined>> = {
  'openai.n2': ['stop', 'stop'],
  'openai.stream-n2': ['stop', 'stop'],
  'openai.tool': ['tool_calls'],
  'openai.responses': ['completed'],
  'openai.responses-stream': ['completed'],
  'openai.embeddings': undefined,
};

function finishReasonsOf(model: string, kind: string): readonly string[] | undefined {
  if (kind in FAILURES) return undefined;
  if (kind in FINISH_REASONS) return FINISH_REASONS[kind];
  return model.startsWith('gemini') ? ['STOP'] : ['stop'];
}

describe.each(NODES)('the SDKs on Node %s', (node) => {
  const runs = runBoth(node, APP, (url) => ({ BASE_URL: url }));

  it('are counted with the tokens that the provider reported, call by call', () => {
    const { ledger, receiver, requests } = runs;
    expect(ledger).toHaveLength(82);
    const expected = ledger.map(([model, entry]) => [
      model,
      entry.requests,
      entry.reportedInputTokens || undefined,
      model.endsWith('.embeddings') ? undefined : entry.reportedOutputTokens || undefined,
    ]);
    const tokens = (model: string, type: string): number | undefined =>
      receiver.points('gen_ai.client.token.usage', { [MODEL]: model, 'gen_ai.token.type': type })[0]?.sum;
    const told = ledger.map(([model]) => [
      model,
      receiver.total(CALLS, { [MODEL]: model }),
      tokens(model, 'input'),
      tokens(model, 'output'),
    ]);
    expect(told).toEqual(expected);
    expect(receiver.total(CALLS)).toBe(requests);
    expect(receiver.total('gaugeway.model.attempt.duration')).toBe(requests);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  });

  it('are told with the right outcome and finish reasons, in one span each', () => {
    const { ledger, receiver } = runs;
    expect(ledger).toHaveLength(82);
    for (const [model] of ledger) {
      const kind = model.replace(/^openai-\d/, 'openai');
      const errorType = receiver.points(CALLS, { [MODEL]: model })[0]?.attributes['error.type'];
      expect([model, errorType]).toEqual([model, FAILURES[kind]]);
      const spans = receiver.spans.filter(({ attributes }) => attributes[MODEL] === model);
      expect([model, spans.length]).toEqual([model, 1]);
      const [span] = spans;
      // @anthropic-ai/sdk makes a span of its own, with what it knows; there must be no second one.
      const isTheirs = /^(claude|message)\./.test(model);
      expect([model, span?.scope === 'gaugeway']).toEqual([model, !isTheirs]);
      if (isTheirs) continue;
      const finishReasons = span?.attributes['gen_ai.response.finish_reasons'];
      expect([model, finishReasons]).toEqual([model, finishReasonsOf(model, kind)]);
    }
  });
});
