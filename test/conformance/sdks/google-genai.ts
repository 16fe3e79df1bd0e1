import type { CallableTool, Part } from '@google/genai';
import { ABSENT, abortFirst, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

export const sdk: Sdk<readonly [typeof import('@google/genai')]> = {
  provider: 'gcp.gemini',
  operation: 'generate_content',
  serverError: 'INTERNAL',
  dropped: 'UND_ERR_SOCKET',
  differently: {
    // It aborts for the signal of the application, and does not say why.
    timeout: ['aborted', 'aborted'],
    // It leaves the connection to the garbage collector.
    'stream-break': ['abandoned', 'abandoned'],
    'helper-break': ['abandoned', 'abandoned'],
  },
  patterns([{ GoogleGenAI, ApiError }], baseUrl) {
    const client = new GoogleGenAI({ apiKey: 'mock', httpOptions: { baseUrl } });
    const { models } = client;
    const create = (model: string, config = {}) => models.generateContent({ model, contents: 'Hi', config });
    const createStream = (model: string, config = {}) =>
      models.generateContentStream({ model, contents: 'Hi', config });
    const textOf = ({ text, usageMetadata }: Awaited<ReturnType<typeof create>>) => [text, usageMetadata];
    const chat = (model: string, config = {}) => client.chats.create({ model, config });
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      'with-response': ABSENT,
      'as-response': ABSENT,
      parse: ABSENT,
      async 'run-tools'(model) {
        const weather: CallableTool = {
          tool: async () => ({ functionDeclarations: [{ name: 'weather' }] }),
          callTool: async (calls): Promise<Part[]> =>
            calls.map(({ name = '' }) => ({ functionResponse: { name, response: { result: 'rain' } } })),
        };
        return textOf(await create(model, { tools: [weather] }));
      },
      error: (model) => rejectionOf(create(model), ApiError),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { abortSignal: AbortSignal.timeout(500) }),
      stream: async (model) => read(await createStream(model), textOf),
      'stream-with-response': ABSENT,
      'stream-as-response': ABSENT,
      'stream-tee': ABSENT,
      'stream-to-readable': ABSENT,
      'stream-break': async (model) => leave(await createStream(model), textOf),
      async 'stream-abort'(model) {
        const controller = new AbortController();
        return abortFirst(await createStream(model, { abortSignal: controller.signal }), () => controller.abort());
      },
      'stream-drop': async (model) => read(await createStream(model), textOf),
      'stream-never-read': createStream,
      'stream-collected': createStream,
      helper: async (model) => read(await chat(model).sendMessageStream({ message: 'Hi' }), textOf),
      'helper-events': ABSENT,
      'helper-break': async (model) => leave(await chat(model).sendMessageStream({ message: 'Hi' }), textOf),
      async 'helper-abort'(model) {
        const controller = new AbortController();
        const chunks = await chat(model, { abortSignal: controller.signal }).sendMessageStream({ message: 'Hi' });
        return abortFirst(chunks, () => controller.abort());
      },
      'helper-drop': async (model) => read(await chat(model).sendMessageStream({ message: 'Hi' }), textOf),
      responses: ABSENT,
      'responses-parse': ABSENT,
      'responses-stream': ABSENT,
      'responses-stream-with-response': ABSENT,
      'responses-stream-break': ABSENT,
      'responses-helper': ABSENT,
    };
  },
};
