import { Readable } from 'node:stream';
import { ABSENT, abortFirst, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

const messages = [{ role: 'user', content: 'Hi' }];

/** A bare HTTP client on node:http. */
export const sdk: Sdk<readonly [typeof import('axios')]> = {
  provider: 'openai',
  operation: 'chat',
  serverError: 'server_error',
  dropped: 'ECONNRESET',
  // It aborts for the signal of the application, and does not say why.
  differently: { timeout: ['aborted', 'aborted'] },
  patterns([{ default: axios }], baseUrl) {
    const url = `${baseUrl}/v1/chat/completions`;
    const create = (model: string, options = {}) => axios.post(url, { model, messages }, options);
    const createStream = async (model: string, options = {}): Promise<Readable> => {
      const body = { model, messages, stream: true, stream_options: { include_usage: true } };
      return (await axios.post(url, body, { responseType: 'stream', ...options })).data;
    };
    const textOf = ({ status, data }: Awaited<ReturnType<typeof create>>) => [status, data.choices, data.usage];
    const count = async (stream: AsyncIterable<unknown>) => (await read(stream, String)).join('').split('\n').length;
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      'with-response': ABSENT,
      'as-response': ABSENT,
      parse: ABSENT,
      'run-tools': ABSENT,
      error: (model) => rejectionOf(create(model), axios.AxiosError),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { signal: AbortSignal.timeout(500) }),
      stream: async (model) => count(await createStream(model)),
      'stream-with-response': ABSENT,
      'stream-as-response': ABSENT,
      'stream-tee': ABSENT,
      'stream-to-readable': async (model) => count(Readable.toWeb(await createStream(model))),
      'stream-break': async (model) => leave(await createStream(model), (chunk) => typeof chunk),
      async 'stream-abort'(model) {
        const controller = new AbortController();
        return abortFirst(await createStream(model, { signal: controller.signal }), () => controller.abort());
      },
      'stream-drop': async (model) => count(await createStream(model)),
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
