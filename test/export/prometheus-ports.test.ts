import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { HOST, portOf, scrape, startEndpoint } from './endpoint.ts';

/** Takes `count` ports in a row and gives the first. */
async function takePorts(count: number): Promise<number> {
  for (;;) {
    const holders: Server[] = [];
    const take = async (port: number) => {
      const holder = createServer().listen(port, HOST);
      await once(holder, 'listening');
      holders.push(holder);
      return (holder.address() as AddressInfo).port;
    };
    try {
      const first = await take(0);
      for (let i = 1; i < count; i++) await take(first + i);
      onTestFinished(() => {
        for (const holder of holders) holder.close();
      });
      return first;
    } catch {
      for (const holder of holders) holder.close();
    }
  }
}

test('port 0 is a port of the system, not the default one', async () => {
  const ports = await Promise.all([portOf(startEndpoint()), portOf(startEndpoint())]);
  expect(new Set([...ports, 9464, 0]).size).toBe(4);
});

test('a taken port is stepped over with one line', async () => {
  const port = await takePorts(2);
  const endpoint = startEndpoint({ port });
  new MeterProvider({ readers: [endpoint.reader] });
  const actual = await portOf(endpoint);
  expect(actual).toBeGreaterThan(port + 1);
  expect(endpoint.warnings).toEqual([
    `Prometheus: port ${port} is taken, so the metrics are at http://${HOST}:${actual}/metrics.`,
  ]);
  expect((await scrape(endpoint)).status).toBe(200);
});

test('two readers for one port do not share it', async () => {
  const port = await portOf(startEndpoint());
  const second = startEndpoint({ port });
  expect(await portOf(second)).not.toBe(port);
  expect(second.warnings).toHaveLength(1);
});

test('with all ports taken there is one line and no endpoint', async () => {
  const port = await takePorts(3);
  const [three, one] = [startEndpoint({ port, portAttempts: 3 }), startEndpoint({ port, portAttempts: 1 })];
  const provider = new MeterProvider({ readers: [three.reader] });
  expect(await three.whenListening).toBeUndefined();
  expect(await one.whenListening).toBeUndefined();
  expect(three.warnings).toEqual([
    `Prometheus: ports ${port} to ${port + 2} are taken, so there is no metrics endpoint.`,
  ]);
  expect(one.warnings).toEqual([`Prometheus: port ${port} is taken, so there is no metrics endpoint.`]);
  provider.getMeter('m').createCounter('hits').add(1);
  await provider.shutdown();
});

test('many attempts print no warning of the runtime', async () => {
  const runtimeWarnings: Error[] = [];
  const listener = (warning: Error) => runtimeWarnings.push(warning);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  const port = await takePorts(25);
  expect(await startEndpoint({ port, portAttempts: 25 }).whenListening).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect(runtimeWarnings).toEqual([]);
});

test.each([
  [
    'an address that is not ours',
    { host: '192.0.2.1', port: 0 },
    /^Prometheus: cannot listen on 192\.0\.2\.1:0 \(E\w+\)/,
  ],
  ['a port that does not exist', { port: 70_000 }, /^Prometheus: cannot listen on 127\.0\.0\.1:70000 \(ERR_SOCKET_BAD/],
])('%s gives one line and no endpoint', async (_, options, line) => {
  const endpoint = startEndpoint(options);
  expect(await endpoint.whenListening).toBeUndefined();
  expect(endpoint.warnings).toEqual([expect.stringMatching(line)]);
});
