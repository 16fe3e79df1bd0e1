import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, ROOT, runApp, writeApp } from '../../helpers/run-app.ts';
import { CA_FILE, CLOSED_URL, compareLifecycles, type Expected, TLS, UNCONNECTED } from './lifecycles.ts';

const APP = 'test/instrumentations/wire/apps/node-http.ts';
const plain = await startMockProvider();
const secure = await startMockProvider({ tls: TLS });
afterAll(async () => {
  await plain.close();
  await secure.close();
});

const overHttp = { BASE_URL: plain.url, CLOSED_URL };
const overTls = { BASE_URL: secure.url, CLOSED_URL, NODE_EXTRA_CA_CERTS: CA_FILE };

const ABORTED = ['aborted', 'aborted'] as const;
const TIMEOUT = ['timeout', 'timeout'] as const;
const COMMON: Expected = {
  ...UNCONNECTED,
  'full-read': ['success', undefined],
  again: ['success', undefined],
  break: ABORTED,
  abort: ABORTED,
  'abort-before-headers': ABORTED,
  timeout: TIMEOUT,
  'timeout-before-headers': TIMEOUT,
  drop: ['error', 'ECONNRESET'],
  'status-500': ['error', 'server_error'],
  gzip: ['success', undefined],
  delivered: ['success', undefined],
};
/** These time out by aborting, with nothing that says why. */
const SILENT: Expected = { ...COMMON, timeout: ABORTED, 'timeout-before-headers': ABORTED };
const CLIENTS: Readonly<Record<string, Expected>> = {
  node: COMMON,
  axios: { ...COMMON, break: ['success', undefined] },
  'axios-stream': COMMON,
  'node-fetch': SILENT,
  'openai-4': SILENT,
};

describe.each(NODES)('Node %s', (node) => {
  it.each(Object.keys(CLIENTS))('tells every lifecycle of %s over HTTP once, and changes nothing', async (client) => {
    await compareLifecycles({ node, file: APP, env: { ...overHttp, CLIENT: client } }, CLIENTS[client]);
  });

  it.each(['node', 'axios-stream', 'openai-4'])('tells every lifecycle of %s over TLS once', async (client) => {
    await compareLifecycles({ node, file: APP, env: { ...overTls, CLIENT: client } }, CLIENTS[client]);
  });

  it('tells what is held until a signal ends the process', async () => {
    const receiver = await startReceiver();
    const env = { ...overHttp, ...receiver.env, CLIENT: 'node', HOLD: '1' };
    const onStdout = (text: string, kill: (signal: 'SIGTERM') => void): void => {
      if (text.endsWith('holding')) kill('SIGTERM');
    };
    const end = await runApp({ node, file: APP, flags: REGISTER, env, onStdout });
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
    const told = ['held', 'held-gzip', 'held-request'].map((model) =>
      receiver
        .points('gaugeway.model.attempt.duration', { 'gen_ai.request.model': model })
        .map(({ count, attributes }) => [count, attributes['gaugeway.outcome']]),
    );
    expect(told).toEqual([[[1, 'abandoned']], [[1, 'abandoned']], [[1, 'abandoned']]]);
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    await receiver.close();
  });
});

describe('an application in CommonJS', () => {
  const folder = dirname(writeApp('', '.cjs'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['22', 'node', false],
    ['22', 'axios', false],
    ['24', 'openai-4', false],
    ['24', 'axios-stream', true],
    ['26', 'node', true],
    ['26', 'openai-4', true],
  ] as const)('tells every lifecycle once: Node %s, %s, bundled: %s', async (node, client, bundle) => {
    const outfile = join(folder, `${node}.${client}.cjs`);
    const entryPoints = [join(ROOT, APP)];
    await build({ entryPoints, outfile, platform: 'node', format: 'cjs', bundle, logLevel: 'error' });
    await compareLifecycles({ node, file: outfile, env: { ...overHttp, CLIENT: client } }, CLIENTS[client]);
  });
});
