import { describe, expect, it } from 'vitest';
import { NODES } from '../../helpers/run-app.ts';
import { runBoth } from './both-runs.ts';

const APP = 'test/instrumentations/wire/apps/providers.ts';
const CALLS = 'gen_ai.client.operation.duration';
const MODEL = 'gen_ai.request.model';
const PROVIDERS: Readonly<Record<string, string>> = {
  groq: 'groq',
  deepseek: 'deepseek',
  xai: 'x_ai',
  azure: 'azure.ai.openai',
  mistral: 'mistral_ai',
  ollama: 'ollama',
  openai: 'openai',
};
const PATHS: Readonly<Record<string, string>> = { openai: '/v1', azure: '/azure/openai', xai: '/xai/v1' };
const OPERATIONS: Readonly<Record<string, string>> = {
  fim: 'text_completion',
  generate: 'text_completion',
  completion: 'text_completion',
  'completion-stream': 'text_completion',
  embeddings: 'embeddings',
  image: 'image_generation',
  'image-edit': 'image_generation',
  transcription: 'transcription',
  translation: 'translation',
  speech: 'speech',
  moderation: 'moderation',
};
const ERRORS: Readonly<Record<string, string>> = {
  'groq.error': 'rate_limit_exceeded',
  'deepseek.error': 'invalid_request_error',
  'xai.error': '429',
  'azure.error': 'rate_limit_exceeded',
  'mistral.error': 'rate_limited',
  'ollama.error': '404',
  'groq.stream-error': 'internal_server_error',
  'deepseek.stream-error': 'invalid_request_error',
  'xai.stream-error': '_OTHER',
  'azure.stream-error': 'server_error',
  'ollama.stream-error': '_OTHER',
};

describe.each(NODES)('the providers on Node %s', (node) => {
  const runs = runBoth(node, APP, (url) => ({
    BASE_URL: url,
    GAUGEWAY_MODEL_ENDPOINTS: Object.entries(PROVIDERS)
      .map(([name, provider]) => `${provider}=${url}${PATHS[name] ?? `/${name}`}`)
      .join(','),
  }));

  it('are counted with the tokens that they reported, call by call', () => {
    const { ledger, receiver, requests } = runs;
    expect(ledger).toHaveLength(42);
    const sumOf = (model: string, type: string): number =>
      receiver.points('gen_ai.client.token.usage', { [MODEL]: model, 'gen_ai.token.type': type })[0]?.sum ?? 0;
    const told = ledger.map(([model]) => [
      model,
      receiver.total(CALLS, { [MODEL]: model }),
      sumOf(model, 'input'),
      sumOf(model, 'output'),
    ]);
    const served = ledger.map(([model, entry]) => [
      model,
      entry.requests,
      entry.reportedInputTokens,
      entry.reportedOutputTokens,
    ]);
    expect(told).toEqual(served);
    expect(receiver.total('gaugeway.model.attempt.duration')).toBe(requests);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  });

  it('are told by name, operation and error type, in one span each', () => {
    const { ledger, receiver } = runs;
    for (const [model] of ledger) {
      const [name = '', kind = ''] = model.split(/\.(.*)/s);
      const points = receiver.points(CALLS, { [MODEL]: model });
      const { attributes = {} } = points[0] ?? {};
      expect([model, points.length, attributes['gen_ai.provider.name'], attributes['gen_ai.operation.name']]).toEqual([
        model,
        1,
        PROVIDERS[name],
        OPERATIONS[kind] ?? 'chat',
      ]);
      expect([model, attributes['error.type']]).toEqual([model, kind === 'stream-left' ? 'aborted' : ERRORS[model]]);
      const spans = receiver.spans.filter(({ attributes: own }) => own[MODEL] === model);
      expect([model, spans.map(({ kind: of }) => of)]).toEqual([model, [3]]);
    }
  });
});
