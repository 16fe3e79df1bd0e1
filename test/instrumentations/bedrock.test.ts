import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAppWith } from '../helpers/copies.ts';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../helpers/run-app.ts';
import { type BedrockServer, startBedrock } from './bedrock-server.ts';

const SDK = '@aws-sdk/client-bedrock-runtime';
const SCENARIOS = new URL('../fixtures/bedrock/scenarios.mjs', import.meta.url).href;
const CALLS = 'gen_ai.client.operation.duration';
const ATTEMPTS = 'gaugeway.model.attempt.duration';
const TOKENS = 'gen_ai.client.token.usage';
const MODEL = 'gen_ai.request.model';
const REFUSING = 'http://127.0.0.1:1';

let server: BedrockServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startBedrock();
  receiver = await startReceiver();
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

const IMPORT = `import * as sdk from '${SDK}'; import * as node from '@smithy/node-http-handler'; import * as web from '@smithy/fetch-http-handler';`;
const REQUIRE = `const sdk = require('${SDK}'), node = require('@smithy/node-http-handler'), web = require('@smithy/fetch-http-handler');`;

/** What became of each model: input, output, attempts, error. */
const EXPECTED: Readonly<Record<string, readonly unknown[]>> = {
  'acme.whole-v1:0': [1110, 20, 1, undefined],
  'acme.regional-v1:0': [3, 4, 1, undefined],
  'acme.government-v1:0': [3, 4, 1, undefined],
  'acme.pacific-v1:0': [3, 4, 1, undefined],
  'acme.profile-v1:0': [3, 4, 1, undefined],
  'acme.foundation-v1:0': [3, 4, 1, undefined],
  'application-inference-profile/abc123': [3, 4, 1, undefined],
  'acme.aggregated-v1:0': [3, 4, 1, undefined],
  'acme.callback-v1:0': [3, 4, 1, undefined],
  'acme.stream-v1:0': [3, 4, 1, undefined],
  'acme.stream-bytes-v1:0': [3, 4, 1, undefined],
  'openai.stream-cached-v1:0': [undefined, 20, 1, undefined],
  'acme.stream-break-v1:0': [3, 4, 1, undefined],
  'acme.stream-abort-v1:0': [undefined, undefined, 1, 'aborted'],
  'acme.stream-reset-v1:0': [undefined, undefined, 1, 'incomplete_stream'],
  'acme.stream-killed-v1:0': [undefined, undefined, 1, 'ECONNRESET'],
  // What nobody reads arrives all the same, as far as the window of the connection goes.
  'acme.stream-unread-v1:0': [3, 4, 1, undefined],
  'acme.stream-short-v1:0': [undefined, undefined, 1, 'incomplete_stream'],
  'acme.stream-thrown-v1:0': [undefined, undefined, 1, 'ThrottlingException'],
  'acme.second-try-v1:0': [3, 4, 2, undefined],
  'acme.exhausted-v1:0': [undefined, undefined, 3, 'ServiceUnavailableException'],
  'acme.invalid-v1:0': [undefined, undefined, 1, 'ValidationException'],
  'acme.html-v1:0': [undefined, undefined, 1, '404'],
  'acme.refused-v1:0': [undefined, undefined, 3, 'ECONNREFUSED'],
  'acme.aborted-v1:0': [undefined, undefined, 1, 'aborted'],
  'acme.aborted-before-v1:0': [undefined, undefined, 0, 'aborted'],
  'acme.timed-out-v1:0': [undefined, undefined, 1, 'timeout'],
  'acme.no-answer-v1:0': [undefined, undefined, 1, 'timeout'],
  'anthropic.invoked-v1:0': [80, 20, 1, undefined],
  'amazon.titan-invoked-v1:0': [8, 9, 1, undefined],
  'mistral.counted-in-headers-v1:0': [11, 12, 1, undefined],
  'amazon.titan-embed-text-v2:0': [13, undefined, 1, undefined],
  'anthropic.streamed-v1:0': [5, 6, 1, undefined],
  'meta.streamed-v1:0': [5, 6, 1, undefined],
  'acme.http1-v1:0': [3, 4, 1, undefined],
  'acme.http1-stream-v1:0': [3, 4, 1, undefined],
  'acme.http1-second-try-v1:0': [3, 4, 2, undefined],
  'acme.fetch-v1:0': [3, 4, 1, undefined],
  'acme.fetch-stream-v1:0': [3, 4, 1, undefined],
  'acme.without-sdk-v1:0': [3, 4, 1, undefined],
};

const MATRIX = NODES.flatMap((node) => (['.mjs', '.cjs'] as const).map((extension) => ({ node, extension })));

describe.each(MATRIX)('AWS Bedrock on Node $node, loaded by $extension', ({ node, extension }) => {
  let seen: [string, { value?: unknown }][];

  it('gives the application the same results, errors and rejections as without us', async () => {
    const get = extension === '.mjs' ? IMPORT : REQUIRE;
    const source = `${get}\nimport('${SCENARIOS}').then(({ run }) => run(sdk, { ...node, ...web }));\n`;
    const file = writeAppWith(SDK, SDK, source, extension);
    const env = {
      H2_URL: server.h2,
      H1_URL: server.h1,
      REFUSING_URL: REFUSING,
      OTEL_TRACES_SAMPLER: 'always_on',
    };
    receiver.reset();
    const [bare, measured] = await Promise.all([
      runApp({ node, file, env }),
      runApp({ node, file, flags: REGISTER, env: { ...env, ...receiver.env } }),
    ]);
    rmSync(dirname(file), { recursive: true, force: true });
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    seen = JSON.parse(measured.stdout) as typeof seen;
    expect(seen).toEqual(JSON.parse(bare.stdout));
  });

  it('is one call for each command, under the name of the model alone, with its tokens, attempts and error', () => {
    const told = Object.keys(EXPECTED).map((model) => {
      const tokens = (type: string) => receiver.points(TOKENS, { [MODEL]: model, 'gen_ai.token.type': type })[0]?.sum;
      const calls = receiver.points(CALLS, { [MODEL]: model });
      expect([model, receiver.total(CALLS, { [MODEL]: model })]).toEqual([model, 1]);
      expect(calls[0]?.attributes['gen_ai.provider.name']).toBe('aws.bedrock');
      const attempts = receiver.total(ATTEMPTS, { [MODEL]: model });
      return [model, [tokens('input'), tokens('output'), attempts, calls[0]?.attributes['error.type']]];
    });
    expect(Object.fromEntries(told)).toEqual(EXPECTED);
    expect(receiver.points('gaugeway.model.active').map(({ value }) => value)).toSatisfy((values: number[]) =>
      values.every((value) => value === 0),
    );
  });

  it('tells retries, the first chunk, what cannot be read, the price of the regions and the version it met', () => {
    const retries = (model: string) =>
      receiver
        .points('gaugeway.model.retries', { [MODEL]: model })
        .map(({ attributes, value }) => [attributes['error.type'], value]);
    expect(retries('acme.second-try-v1:0')).toEqual([['ThrottlingException', 1]]);
    expect(retries('acme.exhausted-v1:0')).toEqual([['ServiceUnavailableException', 2]]);
    expect(retries('acme.http1-second-try-v1:0')).toEqual([['ThrottlingException', 1]]);
    const first = 'gen_ai.client.operation.time_to_first_chunk';
    const streams = receiver.points(first).map(({ attributes }) => attributes[MODEL]);
    expect(streams).toEqual(
      expect.arrayContaining(['acme.stream-v1:0', 'acme.stream-thrown-v1:0', 'meta.streamed-v1:0']),
    );
    expect(streams).not.toContain('acme.whole-v1:0');
    const garbled = receiver.points(CALLS, { [MODEL]: 'acme.stream-garbled-v1:0' });
    expect(garbled.map(({ attributes }) => attributes['error.type'])).toEqual(['incomplete_stream']);
    expect(receiver.points(TOKENS, { [MODEL]: 'acme.stream-garbled-v1:0' })).toEqual([]);
    // The profiles of a part of the world cost more than the one of the whole.
    const cost = (model: string) => receiver.points('gaugeway.model.cost', { [MODEL]: model })[0]?.value;
    expect(cost('anthropic.claude-sonnet-4-5-20250929-v1:0')).toBeCloseTo(18);
    expect(cost('anthropic.claude-haiku-4-5-20251001-v1:0')).toBeCloseTo(6.6);
    expect(receiver.points('gaugeway.model.cost', { [MODEL]: 'application-inference-profile/abc123' })).toEqual([]);
    const hooks = receiver.points('gaugeway.self.hooks', { 'gaugeway.hook.name': SDK });
    expect(hooks.map(({ attributes }) => attributes['gaugeway.hook.state'])).toEqual(['active']);
    expect(JSON.stringify([receiver.spans, receiver.points()])).not.toContain('123456789012');
  });

  it('makes one span of each call, with its operation', () => {
    const spans = receiver.spans.filter(({ name }) => name.includes('second-try') || name.includes('embed'));
    expect(spans.map(({ name }) => name).sort()).toEqual([
      'chat acme.http1-second-try-v1:0',
      'chat acme.second-try-v1:0',
      'embeddings amazon.titan-embed-text-v2:0',
    ]);
  });
});

it("leaves clients and their class as they were once it is shut down; a handler of one's own is unobservable", async () => {
  const source = `
    import { BedrockRuntimeClient, ConverseCommand } from '${SDK}';
    import { observe } from 'gaugeway';
    const told = [];
    observe({
      observed: ({ kind, requestModel }) => { if (kind === 'model_call') told.push(requestModel); },
      dropped: (reason) => told.push(reason),
    });
    const options = { region: 'us-east-1', endpoint: process.env.H2_URL, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
    const client = new BedrockRuntimeClient(options);
    const seen = () => [
      client.middlewareStack.identify().filter((name) => name.startsWith('gaugeway')),
      Object.hasOwn(BedrockRuntimeClient.prototype, 'send'),
    ];
    const ask = async (name, by) => {
      const command = new ConverseCommand({ modelId: 'acme.' + name + '-v1:0', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] });
      return (await by.send(command)).stopReason;
    };
    const answers = [await ask('before', client)];
    const { requestHandler } = client.config;
    // It tells no protocol.
    const handle = (...args) => requestHandler.handle(...args);
    answers.push(await ask('hidden', new BedrockRuntimeClient({ ...options, requestHandler: { handle } })));
    const states = [seen()];
    await globalThis[Symbol.for('gaugeway.setup.1')].shutdown();
    answers.push(await ask('between', client));
    states.push(seen());
    client.destroy();
    console.log(JSON.stringify({ answers, states, told }));`;
  const end = await runApp({ source, flags: REGISTER, env: { H2_URL: server.h2, ...receiver.env } });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(end.stdout)).toEqual({
    answers: ['end_turn', 'end_turn', 'end_turn'],
    states: [
      [['gaugewayCall - initialize', 'gaugewayExchange - deserialize'], true],
      [[], false],
    ],
    told: ['acme.before-v1:0', 'unobservable'],
  });
});

it('writes what is said onto the spans where that is asked for, and never a key', async () => {
  const source = `
    import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from '${SDK}';
    const credentials = { accessKeyId: 'AKIACANARY', secretAccessKey: 'CANARY', sessionToken: 'CANARY' };
    const client = new BedrockRuntimeClient({ region: 'us-east-1', endpoint: process.env.H2_URL, credentials });
    const messages = [{ role: 'user', content: [{ text: 'my own question' }] }];
    await client.send(new ConverseCommand({ modelId: 'acme.spoken-v1:0', messages, system: [{ text: 'my own rules' }] }));
    for await (const _ of (await client.send(new ConverseStreamCommand({ modelId: 'acme.spoken-stream-v1:0', messages }))).stream);
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'my own question' }], max_tokens: 9 });
    for await (const _ of (await client.send(new InvokeModelWithResponseStreamCommand({ modelId: 'anthropic.streamed-v1:0', body }))).body);
    client.destroy();`;
  receiver.reset();
  const env = { H2_URL: server.h2, GAUGEWAY_CAPTURE_CONTENT: 'true', ...receiver.env };
  const end = await runApp({ source, flags: REGISTER, env });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  const told = receiver.spans.map(({ name, attributes }) => [
    name,
    ...['gen_ai.system_instructions', 'gen_ai.input.messages', 'gen_ai.output.messages'].map((key) =>
      attributes[key] === undefined ? undefined : JSON.parse(String(attributes[key])),
    ),
  ]);
  const input = [{ role: 'user', parts: [{ type: 'text', content: 'my own question' }] }];
  const output = (content: string) => [
    { role: 'assistant', parts: [{ type: 'text', content }], finish_reason: 'end_turn' },
  ];
  expect(told).toEqual([
    ['chat acme.spoken-v1:0', [{ type: 'text', content: 'my own rules' }], input, output('Hello')],
    ['chat acme.spoken-stream-v1:0', undefined, input, output('Hello')],
    ['chat anthropic.streamed-v1:0', undefined, input, output('Hi')],
  ]);
  expect(JSON.stringify(receiver.requests.map(({ body }) => body))).not.toContain('CANARY');
});
