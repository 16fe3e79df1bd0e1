import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Collector, endProcess, freePorts, runTool, startCollector, waitFor } from './servers/index.ts';
import { integer, nanoseconds, postOtlp, string } from './servers/otlp.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/scale-out/', import.meta.url));
const AGENT = join(FOLDER, 'agent.yaml');
const GATEWAY = join(FOLDER, 'gateway.yaml');
const SAMPLING = join(FOLDER, 'sampling.yaml');
const SPANS_OF_A_TRACE = 6;
/** Longer than every pause between two attempts. */
const PATIENCE_MS = 90_000;

interface StoredRequest {
  from: string;
  resourceSpans?: { scopeSpans: { spans: { traceId: string; spanId: string }[] }[] }[];
  resourceMetrics?: { scopeMetrics: { metrics: { sum: { dataPoints: { asInt: string }[] } }[] }[] }[];
}

/** What a backend that can be killed has stored. */
interface Backend {
  url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Spans by trace, each with the gateways that brought it. */
  traces(): Promise<Map<string, Map<string, Set<string>>>>;
  /** Values of the counter. */
  points(): Promise<Set<number>>;
}

async function createBackend(folder: string): Promise<Backend> {
  const { port } = await freePorts(['port']);
  const ledger = join(folder, 'ledger.jsonl');
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const requests = async (): Promise<StoredRequest[]> => {
    const text = await readFile(ledger, 'utf8').catch(() => '');
    // A killed backend has not said that it has the last line.
    return text
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as StoredRequest];
        } catch {
          return [];
        }
      });
  };
  return {
    url,
    async start() {
      const app = fileURLToPath(new URL('apps/ledger.mjs', import.meta.url));
      child = spawn(process.execPath, [app], {
        env: { PATH: process.env.PATH, PORT: String(port), LEDGER: ledger },
        stdio: 'inherit',
      });
      await waitFor('the backend', async () => (await fetch(url)).ok || undefined);
    },
    async kill() {
      if (child) await endProcess(child, 'SIGKILL');
    },
    async traces() {
      const traces = new Map<string, Map<string, Set<string>>>();
      for (const { from, resourceSpans = [] } of await requests()) {
        for (const { traceId, spanId } of resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap((s) => s.spans),
        )) {
          const spans = traces.get(traceId) ?? new Map<string, Set<string>>();
          traces.set(traceId, spans);
          spans.set(spanId, (spans.get(spanId) ?? new Set()).add(from));
        }
      }
      return traces;
    },
    async points() {
      const metrics = (await requests()).flatMap(({ resourceMetrics = [] }) =>
        resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
      );
      return new Set(metrics.flatMap(({ sum }) => sum.dataPoints.map(({ asInt }) => Number(asInt))));
    },
  };
}

/** A Collector that starts again at the same address, with the same queue. */
interface Node {
  otlpUrl: string;
  grpc: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

async function createNode(
  folder: string,
  configs: readonly string[],
  env: (ports: { http: number; grpc: number }) => Record<string, string>,
): Promise<Node> {
  const ports = await freePorts(['http', 'grpc']);
  const queue = await mkdtemp(join(folder, 'queue-'));
  let running: Collector | undefined;
  return {
    otlpUrl: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    async start() {
      running = await startCollector(configs, {
        OTLP_HTTP_ENDPOINT: `127.0.0.1:${ports.http}`,
        OTLP_GRPC_ENDPOINT: `127.0.0.1:${ports.grpc}`,
        QUEUE_DIRECTORY: queue,
        ...env(ports),
      });
    },
    kill: async () => running?.kill(),
    stop: async () => running?.stop(),
  };
}

/** The backend of the test reads JSON, and is told which gateway asks. */
const told = (name: string) => `exporters:
  otlp_http/traces: { encoding: json, headers: { x-gateway: ${name} } }
  otlp_http/metrics: { encoding: json, headers: { x-gateway: ${name} } }
`;

interface Tiers {
  backend: Backend;
  gateways: [Node, Node];
  agents: [Node, Node];
  stop(): Promise<void>;
}

async function startTiers(overlays: readonly string[] = [], gatewayEnv: Record<string, string> = {}): Promise<Tiers> {
  const folder = await mkdtemp(join(tmpdir(), 'gaugeway-scale-out-'));
  const backend = await createBackend(folder);
  await backend.start();
  const gateway = (name: string) =>
    createNode(folder, [GATEWAY, ...overlays, told(name)], () => ({
      TRACES_ENDPOINT: backend.url,
      METRICS_ENDPOINT: backend.url,
      ...gatewayEnv,
    }));
  const gateways: [Node, Node] = [await gateway('a'), await gateway('b')];
  const agent = (own: Node) =>
    createNode(folder, [AGENT], () => ({
      GATEWAYS: `[${gateways.map(({ grpc }) => grpc).join(', ')}]`,
      GATEWAY_FOR_METRICS: own.grpc,
    }));
  const agents: [Node, Node] = [await agent(gateways[0]), await agent(gateways[1])];
  const nodes = [...gateways, ...agents];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await backend.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { backend, gateways, agents, stop };
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

interface SentSpan {
  traceId: string;
  spanId: string;
}

/** Half of the spans of each trace on one host, half on the other; resolves once the agents have taken them. */
async function sendTraces(
  { agents }: Tiers,
  count: number,
  describeTrace: (index: number) => object = () => ({}),
): Promise<SentSpan[]> {
  const spans = Array.from({ length: count }, (_, index) => {
    const traceId = hex(16);
    return Array.from({ length: SPANS_OF_A_TRACE }, () => ({
      traceId,
      spanId: hex(8),
      name: 'work',
      kind: 1,
      startTimeUnixNano: nanoseconds(Date.now() - 100),
      endTimeUnixNano: nanoseconds(Date.now()),
      ...describeTrace(index),
    }));
  }).flat();
  await Promise.all(
    agents.map(({ otlpUrl }, host) =>
      postOtlp(otlpUrl, 'traces', {
        resourceSpans: [
          {
            resource: { attributes: [string('service.name', `host-${host}`)] },
            scopeSpans: [{ scope: { name: 'test' }, spans: spans.filter((_, index) => index % 2 === host) }],
          },
        ],
      }),
    ),
  );
  return spans;
}

let lastPoint = 0;

/** One more point of a counter on each host. */
async function sendPoints({ agents }: Tiers): Promise<number[]> {
  return Promise.all(
    agents.map(async ({ otlpUrl }, host) => {
      const value = ++lastPoint;
      const time = nanoseconds(Date.now());
      const dataPoints = [{ asInt: String(value), startTimeUnixNano: time, timeUnixNano: time, attributes: [] }];
      await postOtlp(otlpUrl, 'metrics', {
        resourceMetrics: [
          {
            resource: { attributes: [string('service.name', `host-${host}`), integer('process.pid', host)] },
            scopeMetrics: [
              {
                scope: { name: 'test' },
                metrics: [{ name: 'sent', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }],
              },
            ],
          },
        ],
      });
      return value;
    }),
  );
}

describe('two agents and two gateways as they ship', () => {
  let tiers: Tiers;
  const sent: { spans: SentSpan[]; points: number[] } = { spans: [], points: [] };

  beforeAll(async () => {
    tiers = await startTiers();
  });
  afterAll(() => tiers?.stop());

  async function send(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const [spans, points] = await Promise.all([sendTraces(tiers, 5), sendPoints(tiers)]);
      sent.spans.push(...spans);
      sent.points.push(...points);
    }
  }

  /** Holds the ledger of what was sent against that of what is stored. */
  async function expectEverythingStored(): Promise<void> {
    const missing = async () => {
      const [traces, points] = [await tiers.backend.traces(), await tiers.backend.points()];
      return {
        spans: sent.spans.filter(({ traceId, spanId }) => !traces.get(traceId)?.has(spanId)).length,
        points: sent.points.filter((value) => !points.has(value)).length,
      };
    };
    await expect.poll(missing, { timeout: PATIENCE_MS, interval: 500 }).toEqual({ spans: 0, points: 0 });
  }

  test('are valid, and so is what is laid over them', async () => {
    for (const files of [[AGENT], [GATEWAY], [GATEWAY, SAMPLING], [GATEWAY, join(FOLDER, 'vendor.yaml')]]) {
      const args = ['validate', ...files.map((file) => `--config=${file}`)];
      const keys = { TRACES_AUTHORIZATION: 'Bearer a', METRICS_AUTHORIZATION: 'Bearer b' };
      expect(await runTool('otelcol', args, keys)).toMatchObject({ code: 0 });
    }
  });

  test('bring all spans of a trace through one gateway, whichever host they came from', async () => {
    await send(20);
    await expectEverythingStored();
    const traces = [...(await tiers.backend.traces()).values()];
    expect(traces).toHaveLength(100);
    const gatewaysOf = traces.map((spans) => new Set([...spans.values()].flatMap((from) => [...from])));
    for (const gateways of gatewaysOf) expect(gateways.size).toBe(1);
    const share = gatewaysOf.filter((gateways) => gateways.has('a')).length;
    expect(share).toBeGreaterThan(20);
    expect(share).toBeLessThan(80);
  });

  test('lose nothing when a gateway is killed and comes back', async () => {
    const [gateway] = tiers.gateways;
    await send(3);
    await gateway.kill();
    await send(10);
    await gateway.start();
    await send(3);
    await expectEverythingStored();
    for (const spans of (await tiers.backend.traces()).values()) {
      const through = new Set([...spans.values()].flatMap((from) => [...from]));
      expect(through.size).toBe(1);
    }
  });

  test('lose nothing when the backend is killed, and the gateways after it', async () => {
    await send(3);
    await tiers.backend.kill();
    await send(10);
    for (const gateway of tiers.gateways) await gateway.kill();
    for (const gateway of tiers.gateways) await gateway.start();
    await send(3);
    await tiers.backend.start();
    await expectEverythingStored();
  });

  test('lose nothing when an agent is killed while no gateway answers', async () => {
    for (const gateway of tiers.gateways) await gateway.kill();
    await send(10);
    const [agent] = tiers.agents;
    await agent.kill();
    await agent.start();
    for (const gateway of tiers.gateways) await gateway.start();
    await expectEverythingStored();
    expect(sent.spans.length).toBeGreaterThan(1200);
  });
});

describe('gateways that sample', () => {
  let tiers: Tiers;
  beforeAll(async () => {
    tiers = await startTiers([SAMPLING], { SAMPLING_DECISION_WAIT: '1s' });
  });
  afterAll(() => tiers?.stop());

  test('keep every failed and every slow trace whole, and a share of the others', async () => {
    const describeTrace = (index: number): object => {
      if (index < 20) return { status: { code: 2 } };
      if (index < 40) return { startTimeUnixNano: nanoseconds(Date.now() - 6000) };
      return {};
    };
    const spans = await sendTraces(tiers, 340, describeTrace);
    const traceIds = [...new Set(spans.map(({ traceId }) => traceId))];
    const isKept = async (ids: readonly string[]) => {
      const traces = await tiers.backend.traces();
      return ids.filter((id) => traces.get(id)?.size === SPANS_OF_A_TRACE).length;
    };
    await expect.poll(() => isKept(traceIds.slice(0, 40)), { timeout: 30_000, interval: 500 }).toBe(40);
    const traces = await tiers.backend.traces();
    for (const stored of traces.values()) expect(stored.size).toBe(SPANS_OF_A_TRACE);
    const others = traceIds.slice(40).filter((id) => traces.has(id)).length;
    // One in ten of 300, give or take what chance does in one run of a million.
    expect(others).toBeGreaterThan(5);
    expect(others).toBeLessThan(65);
  });
});
