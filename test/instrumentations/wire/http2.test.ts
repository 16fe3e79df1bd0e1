import { afterAll, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { REGISTER, runApp } from '../../helpers/run-app.ts';
import { CA_FILE, TLS } from './lifecycles.ts';

const APP = 'test/instrumentations/wire/apps/http2.ts';
const mock = await startMockProvider({ tls: TLS });
afterAll(() => mock.close());

it.each([
  ['22', 'undici'],
  ['24', 'undici'],
  ['26', 'undici'],
  ['26', 'fetch'],
] as const)(
  'Node %s tells resets, drained and killed sessions and parallel streams of %s once each',
  async (node, client) => {
    const receiver = await startReceiver();
    const env = { BASE_URL: mock.url, CLIENT: client, CA: TLS.cert, NODE_EXTRA_CA_CERTS: CA_FILE };
    const bare = await runApp({ node, file: APP, env });
    mock.reset();
    const end = await runApp({ node, file: APP, flags: REGISTER, env: { ...env, ...receiver.env } });
    expect(end).toMatchObject({ code: 0, stderr: bare.stderr, stdout: bare.stdout });
    expect(new Set(mock.requests.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['2.0']));
    const told = receiver.points('gaugeway.model.attempt.duration').map(({ count, attributes }) => [
      attributes['gen_ai.request.model'],
      attributes['gaugeway.outcome'],
      // Which of its codes undici gives to a broken stream depends on its version.
      attributes['gaugeway.outcome'] === 'error' ? typeof attributes['error.type'] : attributes['error.type'],
      count,
    ]);
    expect(told.sort()).toEqual([
      ['cancelled', 'error', 'string', 1],
      ['drained', 'success', undefined, 1],
      ['killed', 'error', 'string', 1],
      ['parallel', 'success', undefined, 20],
      ['reset', 'error', 'string', 1],
    ]);
    // The stream looks to the application like one that ended well, only shorter.
    expect(
      receiver.points('gen_ai.client.operation.duration', { 'gen_ai.request.model': 'cancelled' })[0]?.attributes,
    ).toMatchObject({ 'error.type': 'incomplete_stream' });
    const tokens = (type: string): number | undefined =>
      receiver.points('gen_ai.client.token.usage', { 'gen_ai.request.model': 'parallel', 'gen_ai.token.type': type })[0]
        ?.sum;
    expect([tokens('input'), tokens('output')]).toEqual([190, 250]);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    await receiver.close();
  },
);
