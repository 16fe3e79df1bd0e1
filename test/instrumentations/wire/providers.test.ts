import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import type { LedgerEntry } from '../../../examples/mock-provider/ledger.ts';
import { type Receiver, startReceiver } from '../../helpers/receiver.ts';
import { type AppEnd, NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

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
  let mock: MockProvider;
  let receiver: Receiver;
  let bare: AppEnd;
  let measured: AppEnd;
  let ledger: [model: string, entry: LedgerEntry][];

  beforeAll(async () => {
    mock = await startMockProvider();
    receiver = await startReceiver();
    const env = {
      BASE_URL: mock.url,
      GAUGEWAY_MODEL_ENDPOINTS: Object.entries(PROVIDERS)
        .map(([name, provider]) => `${provider}=${mock.url}${PATHS[name] ?? `/${name}`}`)
        .join(','),
    };
    bare = await runApp({ node, file: APP, env });
    mock.reset();
    measured = await runApp({ node, file: APP, flags: REGISTER, env: { ...env, ...receiver.env } });
    ledger = Object.entries(mock.ledger);
  }, 60_000);
  afterAll(async () => {
    await mock.close();
    await receiver.close();
  });

  it('give the application the same results, errors and exit code as without us', () => {
    expect({ code: bare.code, stderr: bare.stderr }).toEqual({ code: 0, stderr: '' });
    expect({ code: measured.code, stderr: measured.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(measured.stdout)).toEqual(JSON.parse(bare.stdout));
  });

  it('are counted with the tokens that they reported, call by call', () => {
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
    expect(receiver.total('gaugeway.model.attempt.duration')).toBe(mock.requests.length);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  });

  it('are told by name, operation and error type, in one span each', () => {
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
