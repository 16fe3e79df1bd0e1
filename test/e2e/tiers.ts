import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collector, endProcess, freePorts, startCollector, waitFor } from './servers/index.ts';
import { integer, nanoseconds, postOtlp, string } from './servers/otlp.ts';

/** Where the files of the tiers are. */
export const FOLDER = fileURLToPath(new URL('../../deploy/scale-out/', import.meta.url));
export const AGENT = join(FOLDER, 'agent.yaml');
export const GATEWAY = join(FOLDER, 'gateway.yaml');
/** Spans that each trace is sent with. */
export const SPANS_OF_A_TRACE = 6;

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
  /** The page of its metrics about itself. */
  metrics(): Promise<string>;
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
    metrics: async () => (running ? (await fetch(running.telemetryUrl)).text() : ''),
    kill: async () => running?.kill(),
    stop: async () => running?.stop(),
  };
}

/** The backend of the test reads JSON, and is told which gateway asks. */
const told = (name: string) => `exporters:
  otlp_http/traces: { encoding: json, headers: { x-gateway: ${name} } }
  otlp_http/metrics: { encoding: json, headers: { x-gateway: ${name} } }
`;

/** What is laid over the files, and the variables of that. */
export interface Layers {
  gateway?: readonly string[];
  agent?: readonly string[];
  env?: Record<string, string>;
  agentEnv?: Record<string, string>;
}

/** Two agents, two gateways and a backend, each of which can be killed and started again. */
export interface Tiers {
  backend: Backend;
  gateways: [Node, Node];
  agents: [Node, Node];
  stop(): Promise<void>;
}

async function startOnce({ gateway: overGateway = [], agent: overAgent = [], env, agentEnv }: Layers): Promise<Tiers> {
  const folder = await mkdtemp(join(tmpdir(), 'gaugeway-scale-out-'));
  const backend = await createBackend(folder);
  await backend.start();
  const gateway = (name: string) =>
    createNode(folder, [GATEWAY, ...overGateway, told(name)], () => ({
      TRACES_ENDPOINT: backend.url,
      METRICS_ENDPOINT: backend.url,
      ...env,
    }));
  const gateways: [Node, Node] = [await gateway('a'), await gateway('b')];
  const agent = (own: Node) =>
    createNode(folder, [AGENT, ...overAgent], () => ({
      GATEWAYS: `[${gateways.map(({ grpc }) => grpc).join(', ')}]`,
      GATEWAY_FOR_METRICS: own.grpc,
      ...env,
      ...agentEnv,
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

/** Starts the files as they ship, with what is laid over them. */
export async function startTiers(layers: Layers = {}): Promise<Tiers> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(layers);
    } catch (error) {
      // The addresses are chosen before anything listens: another process may have been faster.
      if (attempt === 3 || !String(error).includes('address already in use')) throw error;
    }
  }
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** What an agent has taken. */
export interface SentSpan {
  traceId: string;
  spanId: string;
}

/** Half of the spans of each trace on one host, half on the other; resolves once the agents have taken them. */
export async function sendTraces(
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
export async function sendPoints({ agents }: Tiers): Promise<number[]> {
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
