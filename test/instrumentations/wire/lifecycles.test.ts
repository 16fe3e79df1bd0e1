import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, ROOT, runApp, writeApp } from '../../helpers/run-app.ts';
import { CA_FILE, CLOSED_URL, compareLifecycles, TLS } from './lifecycles.ts';

const APP = 'test/instrumentations/wire/apps/lifecycles.ts';
const plain = await startMockProvider();
const secure = await startMockProvider({ tls: TLS });
afterAll(async () => {
  await plain.close();
  await secure.close();
});

const overHttp1 = { BASE_URL: plain.url, CLOSED_URL };
const overTls = { BASE_URL: secure.url, CLOSED_URL, NODE_EXTRA_CA_CERTS: CA_FILE, CA: TLS.cert };

describe.each(NODES)('Node %s', (node) => {
  it('tells every lifecycle of fetch over HTTP/1.1 once, and changes nothing for the application', async () => {
    plain.reset();
    await compareLifecycles({ node, file: APP, env: overHttp1 });
    expect(plain.requests.every(({ httpVersion }) => httpVersion === '1.1')).toBe(true);
  });

  it('tells a response that is held unread until a signal ends the process', async () => {
    const receiver = await startReceiver();
    const end = await runApp({
      node,
      file: APP,
      flags: ['--expose-gc', ...REGISTER],
      env: { ...overHttp1, ...receiver.env, HOLD: '1' },
      onStdout: (text, kill) => text.endsWith('holding') && kill('SIGTERM'),
    });
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
    for (const model of ['held', 'held-gzip']) {
      const attempts = receiver.points('gaugeway.model.attempt.duration', { 'gen_ai.request.model': model });
      const told = attempts.map(({ count, attributes }) => [model, count, attributes['gaugeway.outcome']]);
      expect(told).toEqual([[model, 1, 'abandoned']]);
    }
    expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
    await receiver.close();
  });
});

it('tells every lifecycle of fetch over TLS with HTTP/2, the default of Node 26', async () => {
  secure.reset();
  await compareLifecycles({ node: '26', file: APP, env: overTls });
  expect(secure.requests.every(({ httpVersion }) => httpVersion === '2.0')).toBe(true);
});

// Built-in fetch reaches npm undici 8 through a wrapper that speaks HTTP/1.1 only; its own fetch speaks HTTP/2.
describe.each([
  ['22', ['undici-6', 'undici-6:global', 'undici-7:global', 'undici', 'undici:global']],
  ['24', ['undici-6:global', 'undici-7', 'undici:global']],
  ['26', ['undici-6', 'undici:global']],
] as const)('npm undici on Node %s', (node, clients) => {
  it.each(clients)('tells every lifecycle of fetch through %s once over HTTP/1.1', async (client) => {
    await compareLifecycles({ node, file: APP, env: { ...overHttp1, CLIENT: client } });
  });

  it('tells every lifecycle of the fetch of undici 8 once over HTTP/2', async () => {
    secure.reset();
    await compareLifecycles({ node, file: APP, env: { ...overTls, CLIENT: 'undici:h2' } });
    expect(new Set(secure.requests.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['2.0']));
  });
});

describe('an application in another form', () => {
  const folder = dirname(writeApp('', '.cjs'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['22', 'CommonJS', 'cjs', false],
    ['24', 'a bundle in CommonJS', 'cjs', true],
    ['26', 'a bundle in ESM', 'esm', true],
  ] as const)('tells every lifecycle once: Node %s, %s', async (node, _form, format, bundle) => {
    const outfile = join(folder, `${node}.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    await build({ entryPoints: [join(ROOT, APP)], outfile, platform: 'node', format, bundle, logLevel: 'error' });
    await compareLifecycles({ node, file: outfile, env: overHttp1 });
  });

  it('tells every lifecycle once: Node 24, tsx', async () => {
    await compareLifecycles({ node: '24', file: APP, flags: ['--import', import.meta.resolve('tsx')], env: overHttp1 });
  });
});
