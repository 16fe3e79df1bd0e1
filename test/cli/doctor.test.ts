import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type AppEnd, NODES, type NodeVersion, runApp } from '../helpers/run-app.ts';

const servers: Server[] = [];

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterEach(() => {
  receiver.reset();
  receiver.respondWith(200);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => receiver.close());

interface Call {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: NodeVersion;
  readonly cwd?: string;
}

function doctor({ args = [], env = {}, ...rest }: Call = {}): Promise<AppEnd> {
  return runApp({
    file: 'dist/src/cli/index.js',
    args: ['doctor', '--timeout', '2', ...args],
    env: { ...receiver.env, OTEL_SERVICE_NAME: 'my-service', ...env },
    ...rest,
  });
}

describe.each(NODES)('the doctor on Node %s', (node) => {
  it('finds all well where everything is', async () => {
    const { code, stdout, stderr } = await doctor({ node });
    expect(stderr).toBe('');
    expect(stdout).toContain('✓ Node: ');
    expect(stdout).toContain('✓ model calls: ');
    expect(stdout).toMatch(/✓ pg-boss \d+\.\d+\.\d+: measured/);
    expect(stdout).toContain(`✓ sending a metric: taken by ${receiver.url}/v1/metrics`);
    expect(stdout).toContain(`✓ sending a span: taken by ${receiver.url}/v1/traces`);
    expect(stdout).not.toContain('✗');
    expect(code).toBe(0);
    expect(receiver.total('gaugeway.doctor.probes')).toBe(1);
    expect(receiver.spans.map(({ name, resource }) => [name, resource['service.name']])).toEqual([
      ['doctor', 'gaugeway-doctor'],
    ]);
  });
});

describe('what the doctor says of a far side', () => {
  it.each([
    [401, 'answers with status 401', 'OTEL_EXPORTER_OTLP_HEADERS'],
    [403, 'answers with status 403', 'OTEL_EXPORTER_OTLP_HEADERS'],
    [404, 'answers with status 404', '--web.enable-otlp-receiver'],
    [400, 'answers with status 400', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [503, 'cannot take it now', 'look at its log'],
    [500, 'answers with status 500', '4318'],
  ])('that answers with %i', async (status, found, remedy) => {
    receiver.respondWith(status);
    const { code, stdout } = await doctor();
    expect(stdout).toContain(`✗ sending a metric: ${receiver.url}/v1/metrics: ${found}`);
    expect(stdout).toContain(remedy);
    expect(stdout).toContain('2 to mend');
    expect(code).toBe(1);
  });

  it.each([
    ['http://127.0.0.1:9', 'ECONNREFUSED', 'start the Collector'],
    ['http://no-such-host.invalid:4318', /ENOTFOUND|EAI_AGAIN/, 'that name is not known'],
  ])('at %s, where there is none', async (url, found, remedy) => {
    const { code, stdout } = await doctor({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    expect(stdout).toMatch(found);
    expect(stdout).toContain(remedy);
    expect(code).toBe(1);
  });

  it('that takes no answer for an answer: it hangs', async () => {
    const url = await serve(() => undefined);
    const { code, stdout } = await doctor({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    expect(stdout).toContain('✗ sending a metric');
    expect(code).toBe(1);
  });

  it('without showing the credentials of its URL', async () => {
    const { stdout, stderr } = await doctor({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:s3cret@127.0.0.1:9' } });
    expect(stdout).toContain('ECONNREFUSED');
    expect(stdout + stderr).not.toContain('s3cret');
  });
});

describe('what the doctor says of the environment', () => {
  it.each([
    [{ OTEL_SDK_DISABLED: 'true' }, '✗ switch', 1],
    [{ OTEL_METRICS_EXPORTER: 'none' }, '! metrics', 0],
    [{ OTEL_TRACES_EXPORTER: 'none' }, '! traces', 0],
    [{ OTEL_SERVICE_NAME: '' }, '! service', 0],
    [{ OTEL_METRIC_EXPORT_INTERVAL: 'soon' }, '! variable: OTEL_METRIC_EXPORT_INTERVAL="soon" is ignored', 0],
    [{ GAUGEWAY_DISABLED_INSTRUMENTATIONS: 'wire' }, '✗ model calls', 1],
  ])('%o', async (env, line, code) => {
    const end = await doctor({ env });
    expect(end.stdout).toContain(line);
    expect(end.code).toBe(code);
  });

  it('a folder without any library that can be hooked', async () => {
    const { stdout, code } = await doctor({ cwd: '/' });
    expect(stdout).toContain('! libraries: none that has a hook is installed here');
    expect(code).toBe(0);
  });
});

describe('what the doctor reads back', () => {
  it('is found where the backends have it, and the time that it took is told', async () => {
    let asked = 0;
    const backend = await serve((request, response) => {
      const isThere = ++asked > 2;
      const answer = request.url?.startsWith('/api/v1/query')
        ? { status: 'success', data: { result: isThere ? [{ metric: {}, value: [0, '1'] }] : [] } }
        : { batches: isThere ? [{ scopeSpans: [{ spans: [{ spanId: 'AAAAAAAAAAE=' }] }] }] : [] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    const { stdout, code } = await doctor({ args: ['--prometheus', backend, '--tempo', backend, '--jaeger', backend] });
    for (const name of ['Prometheus', 'Tempo', 'Jaeger']) {
      expect(stdout).toMatch(new RegExp(`✓ reading back from ${name}: found after \\d`));
    }
    expect(code).toBe(0);
  });

  it.each([
    ['is not there', 404, '{}', 'not there after 2 s'],
    ['cannot be asked for', 401, '{}', 'answers with status 401'],
    ['is no API at all', 200, '<html>', 'does not answer with JSON'],
  ])('%s', async (_, status, body, found) => {
    const backend = await serve((_request, response) => response.writeHead(status).end(body));
    const { stdout, code } = await doctor({ args: ['--tempo', backend] });
    expect(stdout).toContain('✗ reading back from Tempo');
    expect(stdout).toContain(found);
    expect(code).toBe(1);
  });

  it('is not looked for where nothing was taken', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    const { stdout } = await doctor({ env, args: ['--jaeger', 'http://127.0.0.1:9'] });
    expect(stdout).toContain('✗ reading back from Jaeger: there is nothing to look for');
  });
});

describe('what the doctor says of a running application', () => {
  const page = (lines: string[]) =>
    serve((_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(`${lines.join('\n')}\n`));

  it('is what its metrics page tells of hooks, of what was left out and of other owners', async () => {
    const url = await page([
      '# TYPE gaugeway_self_hooks gauge',
      'gaugeway_self_hooks{gaugeway_hook_name="wire",gaugeway_hook_state="active",otel_scope_name="gaugeway"} 1',
      'gaugeway_self_hooks{gaugeway_hook_name="bullmq",gaugeway_hook_state="refused",otel_scope_name="gaugeway"} 1',
      'gaugeway_self_dropped_total{gaugeway_drop_reason="series_limit",otel_scope_name="gaugeway"} 7',
      'gen_ai_client_operation_duration_seconds_count{otel_scope_name="gaugeway"} 1',
      'gen_ai_client_operation_duration_seconds_count{otel_scope_name="another"} 1',
    ]);
    const { stdout, code } = await doctor({ args: ['--metrics', `${url}/metrics`] });
    expect(stdout).toContain('✓ hook wire: active');
    expect(stdout).toContain('✗ hook bullmq: refused');
    expect(stdout).toContain('! left out (series_limit): 7 times\n    → raise GAUGEWAY_MAX_ATTRIBUTE_VALUES');
    expect(stdout).toContain('! owners: another records gen_ai metrics too');
    expect(code).toBe(1);
  });

  it.each([
    ['has no metrics of gaugeway', ['up 1']],
    ['is none', ['<html></html>']],
  ])('is missing where the page %s', async (found, lines) => {
    const { stdout, code } = await doctor({ args: ['--metrics', await page(lines)] });
    expect(stdout).toContain(found);
    expect(code).toBe(1);
  });

  it('is that it cannot be reached', async () => {
    const url = await serve(() => undefined);
    servers.pop()?.close();
    const { stdout, code } = await doctor({ args: ['--metrics', `${url}/metrics`] });
    expect(stdout).toContain(`✗ metrics page: ${url}/metrics: ECONNREFUSED`);
    expect(code).toBe(1);
  });
});

describe('a wrong call', () => {
  it.each([
    [[], 'name a command'],
    [['heal'], 'there is no command "heal"'],
    [['doctor', '--tempo', 'localhost:3200'], '--tempo must be an http(s) URL'],
    [['doctor', '--timeout', 'long'], '--timeout must be a number of seconds above 0 and up to 86400, not "long"'],
    [
      ['doctor', '--timeout', 'Infinity'],
      '--timeout must be a number of seconds above 0 and up to 86400, not "Infinity"',
    ],
    [['doctor', '--timeout', '1e9'], 'not "1e9"'],
    [['doctor', '--timeout', '0'], 'not "0"'],
    [['doctor', '--unknown'], '--unknown'],
  ])('%j is told on stderr, with the usage and exit code 2', async (args, problem) => {
    const { code, stdout, stderr } = await runApp({ file: 'dist/src/cli/index.js', args });
    expect(stderr).toContain(problem);
    expect(stderr).toContain('gaugeway doctor');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('--help and --version are no wrong calls', async () => {
    expect(await runApp({ file: 'dist/src/cli/index.js', args: ['--help'] })).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await runApp({ file: 'dist/src/cli/index.js', args: ['--version'] });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(code).toBe(0);
  });
});
