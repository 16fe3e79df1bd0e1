import { z } from 'zod';
import { ABSENT, abortFirst, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];

export const sdk: Sdk<readonly [typeof import('@mistralai/mistralai')]> = {
  provider: 'mistral_ai',
  operation: 'chat',
  serverError: 'internal_server_error',
  dropped: 'UND_ERR_SOCKET',
  patterns([{ Mistral }], baseUrl) {
    const client = new Mistral({
      apiKey: 'mock',
      serverURL: `${baseUrl}/mistral`,
      retryConfig: { strategy: 'none' },
    });
    const create = (model: string, options = {}) => client.chat.complete({ model, messages }, options);
    const createStream = (model: string, options = {}) => client.chat.stream({ model, messages }, options);
    const textOf = ({ choices, usage }: Awaited<ReturnType<typeof create>>) => [choices[0]?.message?.content, usage];
    const deltaOf = ({ data }: { data: { choices: { delta: object }[]; usage?: unknown } }) => [
      data.choices[0]?.delta,
      data.usage,
    ];
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      'with-response': ABSENT,
      'as-response': ABSENT,
      async parse(model) {
        const responseFormat = z.object({ answer: z.number() }) as never;
        return (await client.chat.parse({ model, messages, responseFormat })).choices?.[0]?.message?.parsed;
      },
      'run-tools': ABSENT,
      error: (model) => rejectionOf(create(model)),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { fetchOptions: { signal: AbortSignal.timeout(500) } }),
      stream: async (model) => read(await createStream(model), deltaOf),
      'stream-with-response': ABSENT,
      'stream-as-response': ABSENT,
      async 'stream-tee'(model) {
        const [left, right] = (await createStream(model)).tee();
        return [await read(left, deltaOf), await read(right, deltaOf)];
      },
      'stream-to-readable': ABSENT,
      'stream-break': async (model) => leave(await createStream(model), deltaOf),
      async 'stream-abort'(model) {
        const controller = new AbortController();
        const { signal } = controller;
        return abortFirst(await createStream(model, { fetchOptions: { signal } }), () => controller.abort());
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
