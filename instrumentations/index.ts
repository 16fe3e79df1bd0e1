import { createRequire } from 'node:module';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { deferInstrumentation, type InstrumentationFactory } from '../src/instrumentation.ts';
import type { ResolvedOptions } from '../src/options.ts';
import { aiTelemetryInstrumentation } from './ai-sdk/telemetry-channel.ts';
import { httpServerInstrumentation } from './http-server.ts';
import { type HookedLibrary, libraries } from './libraries.ts';
import { openBedrockRequests } from './wire/client-requests.ts';
import { Endpoints } from './wire/endpoints.ts';
import { wireInstrumentation } from './wire.ts';

interface Row {
  readonly name: string;
  /** It only adds to what this one sees. */
  readonly addsTo?: string;
  /** The library that it waits for. */
  readonly library?: HookedLibrary;
  readonly create: (options: ResolvedOptions) => Instrumentation;
}

const load = createRequire(import.meta.url);
const file = <Exports>(path: string): Exports => load(path) as Exports;
const generated = () => file<typeof import('./generated-sdks.ts')>('./generated-sdks.js');

/** Every instrumentation, one line each: its name and how it is made, or its library, with which its file is loaded. */
const all: readonly Row[] = [
  { name: 'wire', create: ({ modelEndpoints }) => wireInstrumentation({ modelEndpoints }) },
  { name: 'http-server', create: () => httpServerInstrumentation() },
  { name: 'ai-sdk', addsTo: 'wire', create: () => aiTelemetryInstrumentation() },
  { name: 'openai', addsTo: 'wire', ...on(libraries.openai, () => generated().openaiInstrumentation, sdk) },
  {
    name: 'anthropic-ai-sdk',
    addsTo: 'wire',
    ...on(libraries.anthropicAiSdk, () => generated().anthropicAiSdkInstrumentation, sdk),
  },
  { name: 'groq-sdk', addsTo: 'wire', ...on(libraries.groqSdk, () => generated().groqSdkInstrumentation, sdk) },
  {
    name: 'ai-sdk',
    addsTo: 'wire',
    ...on(libraries.ai, () => file<typeof import('./ai-sdk.ts')>('./ai-sdk.js').aiInstrumentation, nothing),
  },
  {
    name: 'bedrock',
    addsTo: 'wire',
    ...on(
      libraries.bedrock,
      () => file<typeof import('./bedrock.ts')>('./bedrock.js').bedrockInstrumentation,
      ({ modelEndpoints }) => ({ requests: () => openBedrockRequests(new Endpoints(modelEndpoints)) }),
    ),
  },
  {
    name: 'bullmq',
    ...on(libraries.bullmq, () => file<typeof import('./bullmq.ts')>('./bullmq.js').bullmqInstrumentation, gauges),
  },
  {
    name: 'pg-boss',
    ...on(libraries.pgBoss, () => file<typeof import('./pg-boss.ts')>('./pg-boss.js').pgBossInstrumentation, gauges),
  },
  {
    name: 'graphile-worker',
    ...on(
      libraries.graphileWorker,
      () => file<typeof import('./graphile-worker.ts')>('./graphile-worker.js').graphileWorkerInstrumentation,
      gauges,
    ),
  },
  {
    name: 'langgraph',
    ...on(
      libraries.langgraph,
      () => file<typeof import('./langgraph.ts')>('./langgraph.js').langgraphInstrumentation,
      nothing,
    ),
  },
  {
    name: 'openai-agents',
    ...on(
      libraries.openaiAgents,
      () => file<typeof import('./openai-agents.ts')>('./openai-agents.js').openaiAgentsInstrumentation,
      nothing,
    ),
  },
];

/** An instrumentation that is loaded when its library is: most applications use few of them. */
function on<Options>(
  library: HookedLibrary,
  from: () => InstrumentationFactory<Options>,
  read: (options: ResolvedOptions) => Options,
): Pick<Row, 'library' | 'create'> {
  return { library, create: (options) => deferInstrumentation(library, from, read(options)) };
}

function nothing(): Record<string, never> {
  return {};
}

function sdk({ modelEndpoints }: ResolvedOptions) {
  return { requests: new Endpoints(modelEndpoints) };
}

function gauges({ queuePollIntervalMs }: ResolvedOptions) {
  return { queueGauges: queuePollIntervalMs !== undefined };
}

/** What `disabledInstrumentations` may name. */
export const instrumentationNames: readonly string[] = [...new Set(all.map(({ name }) => name))];

function enabled({ disabledInstrumentations }: ResolvedOptions): typeof all {
  const isDisabled = (name: string | undefined) => name !== undefined && disabledInstrumentations.includes(name);
  return all.filter(({ name, addsTo }) => !isDisabled(name) && !isDisabled(addsTo));
}

export function createInstrumentations(options: ResolvedOptions): Instrumentation[] {
  return enabled(options).map(({ create }) => create(options));
}

/** The packages that a load hook has to look for. */
export function hookedPackages(options: ResolvedOptions): string[] {
  return enabled(options).flatMap(({ library }) => library?.library ?? []);
}

/** The files inside of them that it has to look for, by their address. */
export function hookedFiles(options: ResolvedOptions): RegExp[] {
  return enabled(options).flatMap(({ library }) =>
    (library?.files ?? []).map((path) => new RegExp(`/${library?.library}/${path.replaceAll('.', '\\.')}$`)),
  );
}
