import { generatedStreams } from '../generated-streams.ts';
import { ABSENT, abortFirst, askedTwice, leave, rejectionOf, type Sdk } from '../sdk.ts';

const message = { max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };
const format = { type: 'json_schema' as const, schema: { type: 'object' }, parse: JSON.parse };

export const sdk: Sdk<readonly [typeof import('@anthropic-ai/sdk')]> = {
  provider: 'anthropic',
  operation: 'chat',
  serverError: 'api_error',
  dropped: 'UND_ERR_SOCKET',
  endlessSpans: ['stream-never-read', 'stream-collected'],
  patterns([{ Anthropic, APIError }], baseUrl) {
    const client = new Anthropic({ apiKey: 'sk-mock', baseURL: baseUrl, maxRetries: 0 });
    const { messages } = client;
    const create = (model: string, options = {}) => messages.create({ model, ...message }, options);
    const createStream = (model: string) => messages.create({ model, ...message, stream: true });
    const helper = (model: string) => messages.stream({ model, ...message });
    const textOf = ({ content, usage }: Awaited<ReturnType<typeof create>>) => [content, usage];
    return {
      create: async (model) => textOf(await create(model)),
      'asked-twice': (model) => askedTwice(create(model), textOf),
      async 'with-response'(model) {
        const { data, response, request_id } = await create(model).withResponse();
        return [textOf(data), response.constructor.name, response.bodyUsed, typeof request_id];
      },
      async 'as-response'(model) {
        const response = await create(model).asResponse();
        return [response.constructor.name, response.bodyUsed, Object.keys((await response.json()) as object)];
      },
      parse: async (model) => (await messages.parse({ model, ...message, output_config: { format } })).parsed_output,
      async 'run-tools'(model) {
        const weather = {
          name: 'weather',
          input_schema: { type: 'object' as const },
          run: () => 'rain',
          parse: String,
        };
        const runner = client.beta.messages.toolRunner({ model, ...message, tools: [weather] });
        return (await runner.runUntilDone()).content;
      },
      error: (model) => rejectionOf(create(model), APIError),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { signal: AbortSignal.timeout(500) }),
      ...generatedStreams(createStream, ({ type }) => type),
      async helper(model) {
        const running = helper(model);
        const { response } = await running.withResponse();
        return [response.status, await running.finalText(), (await running.finalMessage()).usage];
      },
      async 'helper-events'(model) {
        const told: string[] = [];
        const running = helper(model);
        for (const event of ['connect', 'message', 'finalMessage', 'end'] as const) {
          running.on(event, () => told.push(event));
        }
        await running.done();
        return told;
      },
      'helper-break': (model) => leave(helper(model), ({ type }) => type),
      async 'helper-abort'(model) {
        const running = helper(model);
        return abortFirst(running, () => running.abort());
      },
      'helper-drop': (model) => helper(model).finalMessage(),
      responses: ABSENT,
      'responses-parse': ABSENT,
      'responses-stream': ABSENT,
      'responses-stream-with-response': ABSENT,
      'responses-stream-break': ABSENT,
      'responses-helper': ABSENT,
    };
  },
};
