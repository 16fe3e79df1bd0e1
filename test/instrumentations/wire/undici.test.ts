import { afterAll, describe, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

const APP = 'test/instrumentations/wire/apps/undici.ts';
const mock = await startMockProvider();
afterAll(() => mock.close());

describe.each(NODES)('Node %s', (node) => {
  it.each(['undici-6', 'undici-7', 'undici'])(
    'reads every kind of body that %s sends and gets, each chunk once',
    async (client) => {
      const receiver = await startReceiver();
      const env = { BASE_URL: mock.url, CLIENT: client };
      const bare = await runApp({ node, file: APP, env });
      const end = await runApp({ node, file: APP, flags: REGISTER, env: { ...env, ...receiver.env } });
      expect(end).toMatchObject({ code: 0, stderr: bare.stderr, stdout: bare.stdout });
      const told = receiver
        .points('gen_ai.client.operation.duration')
        .map(({ count, attributes }) => [attributes['gen_ai.request.model'], attributes['error.type'], count]);
      const models = ['buffer', 'bytes', 'fetch', 'iterator', 'left', 'stream', 'string', 'written'];
      // A form is no request of this API: the provider refuses it.
      expect(told).toHaveLength(models.length + 1);
      expect(told).toEqual(
        expect.arrayContaining([...models.map((model) => [model, undefined, 1]), ['form', 'invalid_request_error', 1]]),
      );
      // A chunk that were told twice would make a broken document of every answer that is no stream.
      for (const model of models.filter((name) => name !== 'left' && name !== 'written')) {
        const tokens = receiver.points('gen_ai.client.token.usage', { 'gen_ai.request.model': model });
        expect([model, tokens.reduce((all, { sum }) => all + (sum ?? 0), 0)]).toEqual([model, 17]);
      }
      expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
      await receiver.close();
    },
  );
});
