import { type MockProvider, startMockProvider } from '../mock-provider/index.ts';
import { demoBehaviour } from './faults.ts';
import { ask, freePort, isCollector } from './loopback.ts';
import { type JobNumbers, type ModelNumbers, readJobs, readModels } from './numbers.ts';
import { type Part, startPart } from './parts.ts';
import { type Sample, scrape, select } from './scrape.ts';

const COLLECTOR_URL = 'http://localhost:4318';
const EXPORT_INTERVAL_MS = '5000';
const MEASURED = ['--import', 'gaugeway/register'];

/** A small AI platform: a model provider, a gateway, a job orchestrator and their users. */
export interface Platform {
  readonly provider: MockProvider;
  /** Every process but the provider, which lives here. */
  readonly parts: readonly Part[];
  readonly traffic: Part;
  readonly metricsUrls: { readonly gateway: string; readonly orchestrator: string };
  /** Where OTLP goes, if anything listens there. */
  readonly exportsTo: string | undefined;
  read(): Promise<{ models: ModelNumbers[]; jobs: JobNumbers[] }>;
  /** Lets the running jobs end and begins no other. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything; the users stay for so many seconds, or for ever. */
export async function startPlatform(trafficSeconds: number | undefined): Promise<Platform> {
  const provider = await startMockProvider({ behaviour: demoBehaviour() });
  const parts: Part[] = [];
  const begin = (...part: Parameters<typeof startPart>): Part => {
    const started = startPart(...part);
    parts.push(started);
    return started;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.stop()));
    await provider.close();
  };
  try {
    const gatewayPort = await freePort();
    const orchestratorPort = await freePort();
    const { GAUGEWAY_DEMO_COLLECTOR: named, OTEL_METRIC_EXPORT_INTERVAL: interval } = process.env;
    // One that is named may start later than the demo, as in the compose stack.
    const exportsTo = named || ((await isCollector(COLLECTOR_URL)) ? COLLECTOR_URL : undefined);
    const telemetry = (name: string, port: number): Record<string, string> => ({
      OTEL_SERVICE_NAME: `demo-${name}`,
      OTEL_METRICS_EXPORTER: exportsTo === undefined ? 'prometheus' : 'otlp,prometheus',
      OTEL_TRACES_EXPORTER: exportsTo === undefined ? 'none' : 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: exportsTo ?? COLLECTOR_URL,
      GAUGEWAY_RUNTIME_METRICS: 'true',
      OTEL_METRIC_EXPORT_INTERVAL: interval || EXPORT_INTERVAL_MS,
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    });

    const gateway = begin('gateway', MEASURED, {
      ...telemetry('gateway', gatewayPort),
      PORT: '0',
      // At the real hosts gaugeway knows the providers by itself.
      GAUGEWAY_MODEL_ENDPOINTS: ['openai', 'anthropic', 'gcp.gemini']
        .map((name) => `${name}=${provider.url}/${name}`)
        .join(),
      OPENAI_BASE_URL: `${provider.url}/openai/v1`,
      OPENAI_API_KEY: 'demo',
      ANTHROPIC_BASE_URL: `${provider.url}/anthropic`,
      ANTHROPIC_API_KEY: 'demo',
      GOOGLE_GEMINI_BASE_URL: `${provider.url}/gcp.gemini`,
      GEMINI_API_KEY: 'demo',
    });
    const gatewayUrl = await gateway.listening();
    const orchestrator = begin('orchestrator', MEASURED, {
      ...telemetry('orchestrator', orchestratorPort),
      PORT: '0',
      GATEWAY_URL: gatewayUrl,
      GAUGEWAY_MODEL_ENDPOINTS: `demo-gateway=${gatewayUrl}`,
    });
    const orchestratorUrl = await orchestrator.listening();
    const traffic = begin('traffic', [], {
      GATEWAY_URL: gatewayUrl,
      ORCHESTRATOR_URL: orchestratorUrl,
      ...(trafficSeconds !== undefined && { TRAFFIC_SECONDS: String(trafficSeconds) }),
    });

    const metricsUrls = {
      gateway: `http://127.0.0.1:${gatewayPort}/metrics`,
      orchestrator: `http://127.0.0.1:${orchestratorPort}/metrics`,
    };
    return {
      provider,
      parts,
      traffic,
      metricsUrls,
      exportsTo,
      async read() {
        const [models, jobs] = await Promise.all([
          scrapePart(gateway, metricsUrls.gateway),
          scrapePart(orchestrator, metricsUrls.orchestrator),
        ]);
        return { models: readModels(models), jobs: readJobs(jobs) };
      },
      async drain() {
        await ask('POST', `${orchestratorUrl}/drain`, { limitMs: 30_000 });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function scrapePart({ name, complaints }: Part, url: string): Promise<Sample[]> {
  try {
    const samples = await scrape(url);
    if (select(samples, 'target_info', { service_name: `demo-${name}` }).length > 0) return samples;
    throw new Error(`${url} belongs to something else.`);
  } catch (error) {
    throw new Error([`The metrics of the ${name} cannot be read: ${error}`, ...complaints].join('\n  '));
  }
}
