import { ABSENT, abortFirst, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

const messages = [{ role: 'user', content: 'Hi' }];

export const sdk: Sdk<readonly [typeof import('ollama')]> = {
  provider: 'ollama',
  operation: 'chat',
  serverError: '500',
  dropped: 'UND_ERR_SOCKET',
  // It leaves the connection to the garbage collector.
  differently: { 'stream-break': ['abandoned', 'abandoned'] },
  patterns([{ Ollama }], baseUrl) {
    const client = new Ollama({ host: baseUrl });
    const create = (model: string) => client.chat({ model, messages });
    const createStream = (model: string) => client.chat({ model, messages, stream: true });
    const textOf = ({ message, done, eval_count }: Awaited<ReturnType<typeof create>>) => [message, done, eval_count];
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      'with-response': ABSENT,
      'as-response': ABSENT,
      parse: ABSENT,
      'run-tools': ABSENT,
      error: (model) => rejectionOf(create(model)),
      unhandled: (model) => create(model),
      // It takes no signal.
      timeout: ABSENT,
      stream: async (model) => read(await createStream(model), textOf),
      'stream-with-response': ABSENT,
      'stream-as-response': ABSENT,
      'stream-tee': ABSENT,
      'stream-to-readable': ABSENT,
      'stream-break': async (model) => leave(await createStream(model), textOf),
      async 'stream-abort'(model) {
        const lines = await createStream(model);
        return abortFirst(lines, () => lines.abort());
      },
      'stream-drop': async (model) => read(await createStream(model), textOf),
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
