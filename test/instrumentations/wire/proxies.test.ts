import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';
import { CA_FILE, TLS } from './lifecycles.ts';

const APP = 'test/instrumentations/wire/apps/proxies.ts';
const plain = await startMockProvider();
const secure = await startMockProvider({ tls: TLS });

// A TLS client of Node 26 takes no address for a name.
const secureUrl = secure.url.replace('127.0.0.1', 'localhost');

/** Requests that came through it. */
const passed = { whole: 0, tunnels: 0 };
const sockets = new Set<Socket>();
const proxy = createServer((incoming, outgoing) => {
  passed.whole++;
  const { headers, method, url = '' } = incoming;
  const onward = request(url, { method, headers }, (answer: IncomingMessage) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(onward);
});
proxy.on('connect', (incoming, socket: Socket) => {
  passed.tunnels++;
  const { hostname, port } = new URL(`http://${incoming.url}`);
  const onward = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(onward).pipe(socket);
  });
  for (const one of [socket, onward]) {
    sockets.add(one);
    one.on('error', () => one.destroy());
  }
});
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
const PROXY_URL = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
afterAll(async () => {
  await plain.close();
  await secure.close();
  for (const socket of sockets) socket.destroy();
  proxy.close();
  proxy.closeAllConnections();
});

const FROM_ENVIRONMENT = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: PROXY_URL, HTTPS_PROXY: PROXY_URL };

it.each(
  NODES.flatMap((node) => [
    { node, by: 'an option', variables: {} },
    { node, by: 'the environment', variables: FROM_ENVIRONMENT },
  ]),
)('a call through a proxy by $by is told with the provider that answers on Node $node', async ({ node, variables }) => {
  const receiver = await startReceiver();
  const env = {
    HTTP_URL: plain.url,
    HTTPS_URL: secureUrl,
    PROXY_URL,
    CA: TLS.cert,
    NODE_EXTRA_CA_CERTS: CA_FILE,
    NODE_NO_WARNINGS: '1',
    ...variables,
    NO_PROXY: new URL(receiver.url).host,
    GAUGEWAY_MODEL_ENDPOINTS: `plain=${plain.url}/v1,secure=${secureUrl}/v1`,
  };
  const bare = await runApp({ node, file: APP, env });
  const before = { ...passed };
  const end = await runApp({ node, file: APP, flags: REGISTER, env: { ...env, ...receiver.env } });
  expect(end).toMatchObject({ code: 0, stderr: '', stdout: bare.stdout });
  const results = JSON.parse(end.stdout) as Record<string, unknown>;
  const models = Object.keys(results);
  expect(results).toEqual(Object.fromEntries(models.map((model) => [model, 17])));
  expect(passed.whole).toBeGreaterThan(before.whole);
  expect(passed.tunnels).toBeGreaterThan(before.tunnels);
  const told = receiver
    .points('gaugeway.model.attempt.duration')
    .map(({ count, attributes }) => [
      attributes['gen_ai.request.model'],
      attributes['gen_ai.provider.name'],
      attributes['server.port'],
      attributes['gaugeway.outcome'],
      count,
    ]);
  expect(told.sort()).toEqual(
    models
      .map((model) => {
        const isSecure = model.endsWith('.https');
        return [model, isSecure ? 'secure' : 'plain', (isSecure ? secure : plain).port, 'success', 1];
      })
      .sort(),
  );
  await receiver.close();
});
