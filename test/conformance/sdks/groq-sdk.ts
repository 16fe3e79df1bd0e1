import { ABSENT, abortFirst, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

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
      async 'asked-twice'(model) {
        const promise = create(model);
        const [first, second] = [await promise, await promise];
        return [first === second, textOf(first)];
      },
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
      stream: async (model) => read(await createStream(model), deltaOf),
      async 'stream-with-response'(model) {
        const { data, response } = await createStream(model).withResponse();
        return [response.status, await read(data, deltaOf)];
      },
      async 'stream-as-response'(model) {
        const response = await createStream(model).asResponse();
        return [response.bodyUsed, (await response.text()).split('\n').length];
      },
      async 'stream-tee'(model) {
        const [left, right] = (await createStream(model)).tee();
        return [await read(left, deltaOf), await read(right, deltaOf)];
      },
      'stream-to-readable': async (model) =>
        (await new Response((await createStream(model)).toReadableStream()).text()).split('\n').length,
      'stream-break': async (model) => leave(await createStream(model), deltaOf),
      async 'stream-abort'(model) {
        const chunks = await createStream(model);
        return abortFirst(chunks, () => chunks.controller.abort());
      },
      'stream-drop': async (model) => read(await createStream(model), deltaOf),
      'stream-never-read': createStream,
      'stream-collected': createStream,
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
