import { type Behaviour, type MockProvider, startMockProvider } from '../../examples/mock-provider/index.ts';

const OVERLOADED: Partial<Behaviour> = { status: 503, retryAfterSeconds: 0.1 };
/** How often these models are overloaded before they answer. */
const OVERLOADS: Readonly<Record<string, number>> = {
  exhausted: Number.POSITIVE_INFINITY,
  'stream-exhausted': Number.POSITIVE_INFINITY,
  'agent-fails': Number.POSITIVE_INFINITY,
  unasked: Number.POSITIVE_INFINITY,
  'second-try': 1,
  'embedding-second-try': 1,
  'object-second-try': 1,
  'stream-third-try': 2,
};
const OBJECT: Partial<Behaviour> = { chunks: 1, deltaText: '{"city":"Oslo"}' };
/** How these models answer; all others say a few words. */
const ANSWERS: Readonly<Record<string, Partial<Behaviour>>> = {
  'not-tried-again': { status: 400 },
  fallback: { status: 400 },
  'aborted-while-asking': { hang: 'headers' },
  'timed-out': { hang: 'headers' },
  'aborted-while-waiting': { status: 503, retryAfterSeconds: 5 },
  'stream-aborted-while-waiting': { status: 503, retryAfterSeconds: 5 },
  'stream-abort': { chunks: 500, chunkDelayMs: 20 },
  'stream-drop': { chunks: 50, chunkDelayMs: 2, dropAfterChunks: 5 },
  object: OBJECT,
  'object-second-try': OBJECT,
  'object-stream': OBJECT,
};
/** Models that want to use a tool before they answer. */
const TOOL_USERS: readonly string[] = ['tool-loop', 'tool-fails', 'stream-tool-loop', 'nested-tool', 'agent'];

/** The models that `test/fixtures/ai-sdk` asks, by name; the header `x-run` tells processes apart, as each tries again for itself. */
export function startAiProvider(): Promise<MockProvider> {
  const tries = new Map<string, number>();
  return startMockProvider({
    behaviour: ({ body, headers }) => {
      const { model = '', stream } = body as { model?: string; stream?: boolean };
      const key = `${headers['x-run']} ${model}`;
      const before = tries.get(key) ?? 0;
      tries.set(key, before + 1);
      if (before < (OVERLOADS[model] ?? 0)) return OVERLOADED;
      const hasAnswer = JSON.stringify(body).includes('tool_call_id');
      if (TOOL_USERS.includes(model) && !hasAnswer) return toolCall(model, stream === true);
      return ANSWERS[model] ?? { chunks: 4 };
    },
  });
}

/** The mock speaks; that it wants to use a tool is told in its own words. */
function toolCall(model: string, isStream: boolean): Partial<Behaviour> {
  const call = {
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Oslo"}' },
  };
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
  const answer = { id: 'c', object: 'chat.completion', created: 1, model };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  if (!isStream) {
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    return { rawBody: JSON.stringify({ ...answer, choices, usage }), contentType: 'application/json' };
  }
  const event = (choices: unknown[], more = {}) =>
    `data: ${JSON.stringify({ ...answer, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
  const rawBody = [
    event([{ index: 0, delta: message, finish_reason: null }]),
    event([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]),
    event([], { usage }),
    'data: [DONE]\n\n',
  ].join('');
  return { rawBody, contentType: 'text/event-stream' };
}
