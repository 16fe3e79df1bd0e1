import { generatedStreams } from '../generated-streams.ts';
import { abortFirst, askedTwice, leave, read, rejectionOf, type Sdk } from '../sdk.ts';

type Modules = readonly [typeof import('openai')];

const messages = [{ role: 'user' as const, content: 'Hi' }];
const stream = true as const;
const stream_options = { include_usage: true };
const schema = { name: 'answer', schema: { type: 'object', properties: { answer: { type: 'number' } } } };
const response_format = { type: 'json_schema' as const, json_schema: schema };

export const sdk: Sdk<Modules> = {
  provider: 'openai',
  operation: 'chat',
  serverError: 'server_error',
  dropped: 'UND_ERR_SOCKET',
  patterns([{ OpenAI, APIError }], baseUrl) {
    const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${baseUrl}/v1`, maxRetries: 0 });
    const { completions } = client.chat;
    // Version 4 has what is parsed and helped along below `beta`.
    const helping = (client.beta as { chat?: typeof client.chat }).chat?.completions ?? completions;
    const create = (model: string, options = {}) => completions.create({ model, messages }, options);
    const createStream = (model: string) => completions.create({ model, messages, stream, stream_options });
    const helper = (model: string) => helping.stream({ model, messages, stream_options });
    const createResponse = (model: string) => client.responses.create({ model, input: 'Hi', stream });
    const textOf = ({ choices, usage }: Awaited<ReturnType<typeof create>>) => [choices[0]?.message.content, usage];
    const deltaOf = ({ choices, usage }: { choices: { delta: object }[]; usage?: unknown }) => [
      choices[0]?.delta,
      usage,
    ];
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
      parse: async (model) => (await helping.parse({ model, messages, response_format })).choices[0]?.message.parsed,
      'run-tools': (model) => {
        const weather = { name: 'weather', parameters: { type: 'object' }, parse: JSON.parse, function: () => 'rain' };
        const tools = [{ type: 'function' as const, function: weather }] as never;
        return helping.runTools({ model, messages, tools }).finalContent();
      },
      error: (model) => rejectionOf(create(model), APIError),
      unhandled: (model) => create(model),
      timeout: (model) => create(model, { signal: AbortSignal.timeout(500) }),
      ...generatedStreams(createStream, deltaOf),
      async helper(model) {
        const running = helper(model);
        return [await running.finalContent(), await running.totalUsage()];
      },
      async 'helper-events'(model) {
        const told: string[] = [];
        const running = helper(model);
        for (const event of ['connect', 'content', 'finalChatCompletion', 'end'] as const) {
          running.on(event, () => told.push(event));
        }
        await running.done();
        return told;
      },
      'helper-break': (model) => leave(helper(model), deltaOf),
      async 'helper-abort'(model) {
        const running = helper(model);
        return abortFirst(running, () => running.abort());
      },
      'helper-drop': (model) => helper(model).finalContent(),
      responses: async (model) => (await client.responses.create({ model, input: 'Hi' })).output_text,
      async 'responses-parse'(model) {
        const text = { format: { type: 'json_schema' as const, ...schema } };
        return (await client.responses.parse({ model, input: 'Hi', text })).output_parsed;
      },
      'responses-stream': async (model) => read(await createResponse(model), ({ type }) => type),
      async 'responses-stream-with-response'(model) {
        const { data, response } = await createResponse(model).withResponse();
        return [response.status, await read(data, ({ type }) => type)];
      },
      'responses-stream-break': async (model) => leave(await createResponse(model), ({ type }) => type),
      'responses-helper': async (model) =>
        (await client.responses.stream({ model, input: 'Hi' }).finalResponse()).output_text,
    };
  },
};
