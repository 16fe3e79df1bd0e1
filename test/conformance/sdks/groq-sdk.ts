import { generatedStreams } from '../generated-streams.ts';
import { ABSENT, askedTwice, rejectionOf, type Sdk } from '../sdk.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];

export const sdk: Sdk<readonly [typeof import('groq-sdk')]> = {
  provider: 'groq',
  operation: 'chat',
  serverError: 'internal_server_error',
  dropped: 'UND_ERR_SOCKET',
  patterns([{ Groq, APIError }], baseUrl) {
    const client = new Groq({ apiKey: 'mock', baseURL: `${baseUrl}/groq`, maxRetries: 0 });
    const { completions } = client.chat;
    const create = (model: string, options = {}) => completions.create({ model, messages }, options);
    const createStream = (model: string) => completions.create({ model, messages, stream: true });
    const textOf = ({ choices, usage }: Awaited<ReturnType<typeof create>>) => [choices[0]?.message.content, usage];
    const deltaOf = ({ choices }: { choices: { delta: object }[] }) => choices[0]?.delta;
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      async 'with-response'(model) {
        const { data, response } = await create(model).withResponse();
        return [textOf(data), response.constructor.name, response.bodyUsed];
      },
      async 'as-response'(model) {
        const response = await create(model).asResponse();
        return [response.constructor.name, response.bodyUsed, Object.keys((await response.json()) as object)];
      },
      parse: ABSENT,
      'run-tools': ABSENT,
      error: (model) => rejectionOf(create(model), APIError),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { signal: AbortSignal.timeout(500) }),
      ...generatedStreams(createStream, deltaOf),
      helper: ABSENT,
      'helper-events': ABSENT,
      'helper-break': ABSENT,
      'helper-abort': ABSENT,
      'helper-drop': ABSENT,
      responses: ABSENT,
      'responses-parse': ABSENT,
      'responses-stream': ABSENT,
      'responses-stream-with-response': ABSENT,
      'responses-stream-break': ABSENT,
      'responses-helper': ABSENT,
    };
  },
};
