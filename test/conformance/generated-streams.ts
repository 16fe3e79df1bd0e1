import { abortFirst, type Call, leave, read } from './sdk.ts';

/** A stream of the SDKs of one generator: those of OpenAI, Anthropic and Groq. */
interface Stream<Item> extends AsyncIterable<Item> {
  readonly controller: AbortController;
  tee(): [AsyncIterable<Item>, AsyncIterable<Item>];
  toReadableStream(): ReadableStream;
}

/** The promise that they give of it. */
interface StreamPromise<Item> extends PromiseLike<Stream<Item>> {
  withResponse(): Promise<{ data: AsyncIterable<Item>; response: Response }>;
  asResponse(): Promise<Response>;
}

/** The ways to treat a stream that all SDKs of that generator have. */
export function generatedStreams<Item>(
  createStream: (model: string) => StreamPromise<Item>,
  deltaOf: (item: Item) => unknown,
) {
  return {
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
  } satisfies Record<string, Call>;
}
