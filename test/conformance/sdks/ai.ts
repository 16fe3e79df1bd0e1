import { ABSENT, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

type Modules = readonly [typeof import('ai'), typeof import('@ai-sdk/openai')];

/** The AI SDK over its provider for OpenAI, which calls without the openai package. */
export const sdk: Sdk<Modules> = {
  provider: 'openai',
  operation: 'chat',
  serverError: 'server_error',
  dropped: 'UND_ERR_SOCKET',
  // It keeps the other half of a stream in two, which nobody reads.
  differently: { 'stream-break': ['abandoned', 'abandoned'], 'responses-stream-break': ['abandoned', 'abandoned'] },
  patterns(
    [
      { generateText, generateObject, streamText, streamObject, jsonSchema, tool, stepCountIs, APICallError },
      { createOpenAI },
    ],
    baseUrl,
  ) {
    const openai = createOpenAI({ apiKey: 'sk-mock', baseURL: `${baseUrl}/v1` });
    const ask = (model: string) => ({ model: openai.chat(model), prompt: 'Hi', maxRetries: 0 });
    const askResponse = (model: string) => ({ model: openai.responses(model), prompt: 'Hi', maxRetries: 0 });
    const onError = (): void => undefined;
    const create = (model: string, options = {}) => generateText({ ...ask(model), ...options });
    const createStream = (model: string, options = {}) => streamText({ ...ask(model), onError, ...options });
    const schema = jsonSchema<{ answer: number }>({ type: 'object', properties: { answer: { type: 'number' } } });
    const textOf = ({ text, usage, finishReason }: Awaited<ReturnType<typeof create>>) => [text, usage, finishReason];
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      'with-response': ABSENT,
      'as-response': ABSENT,
      parse: async (model) => (await generateObject({ ...ask(model), schema })).object,
      async 'run-tools'(model) {
        const inputSchema = jsonSchema<object>({ type: 'object' });
        const weather = tool({ inputSchema, execute: async () => 'rain' });
        const { text, steps } = await create(model, { tools: { weather }, stopWhen: stepCountIs(2) });
        return [text, steps.length];
      },
      error: (model) => rejectionOf(create(model), APICallError as never),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { abortSignal: AbortSignal.timeout(500) }),
      async stream(model) {
        const result = createStream(model);
        return [await read(result.textStream, String), await result.usage, await result.finishReason];
      },
      'stream-with-response': ABSENT,
      'stream-as-response': (model) => createStream(model).toTextStreamResponse().text(),
      async 'stream-tee'(model) {
        const [left, right] = createStream(model).textStream.tee();
        return [await read(left, String), await read(right, String)];
      },
      'stream-to-readable': ABSENT,
      'stream-break': async (model) => leave(createStream(model).textStream, String),
      async 'stream-abort'(model) {
        const controller = new AbortController();
        for await (const _ of createStream(model, { abortSignal: controller.signal }).textStream) controller.abort();
        return 'ended';
      },
      'stream-drop': async (model) => read(createStream(model).fullStream, ({ type }) => type),
      // Nothing is asked for before something is read.
      'stream-never-read': ABSENT,
      'stream-collected': ABSENT,
      async helper(model) {
        const result = streamObject({ ...ask(model), schema, onError });
        return [(await read(result.textStream, String)).length, await result.usage];
      },
      'helper-events': ABSENT,
      'helper-break': ABSENT,
      'helper-abort': ABSENT,
      'helper-drop': ABSENT,
      responses: async (model) => textOf(await generateText(askResponse(model))),
      'responses-parse': async (model) => (await generateObject({ ...askResponse(model), schema })).object,
      'responses-stream': async (model) => read(streamText({ ...askResponse(model), onError }).textStream, String),
      'responses-stream-with-response': ABSENT,
      'responses-stream-break': async (model) =>
        leave(streamText({ ...askResponse(model), onError }).textStream, String),
      'responses-helper': ABSENT,
    };
  },
};
