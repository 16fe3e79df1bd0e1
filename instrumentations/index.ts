import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { ResolvedOptions } from '../src/options.ts';
import { aiInstrumentation, aiTelemetryInstrumentation } from './ai-sdk.ts';
import { bedrockInstrumentation } from './bedrock.ts';
import { bullmqInstrumentation } from './bullmq.ts';
import { anthropicAiSdkInstrumentation, groqSdkInstrumentation, openaiInstrumentation } from './generated-sdks.ts';
import { graphileWorkerInstrumentation } from './graphile-worker.ts';
import { httpServerInstrumentation } from './http-server.ts';
import { langgraphInstrumentation } from './langgraph.ts';
import { type HookedLibrary, libraries } from './libraries.ts';
import { openaiAgentsInstrumentation } from './openai-agents.ts';
import { pgBossInstrumentation } from './pg-boss.ts';
import { openBedrockRequests } from './wire/client-requests.ts';
import { Endpoints } from './wire/endpoints.ts';
import { wireInstrumentation } from './wire.ts';

/**
 * Every instrumentation, one line each: its name, the library that it waits for, and how it is made. All are loaded at the
 * start: loaded with their libraries they would come through the loaders that an application has (tsx compiles them
 * anew), as second copies of what is here already.
 */
const all: readonly {
  name: string;
  library?: HookedLibrary;
  /** It only adds to what this one sees. */
  addsTo?: string;
  create: (options: ResolvedOptions) => Instrumentation;
}[] = [
  { name: 'wire', create: ({ modelEndpoints }) => wireInstrumentation({ modelEndpoints }) },
  { name: 'http-server', create: () => httpServerInstrumentation() },
  {
    name: 'openai',
    library: libraries.openai,
    addsTo: 'wire',
    create: (options) => openaiInstrumentation(sdk(options)),
  },
  {
    name: 'anthropic-ai-sdk',
    library: libraries.anthropicAiSdk,
    addsTo: 'wire',
    create: (options) => anthropicAiSdkInstrumentation(sdk(options)),
  },
  {
    name: 'groq-sdk',
    library: libraries.groqSdk,
    addsTo: 'wire',
    create: (options) => groqSdkInstrumentation(sdk(options)),
  },
  { name: 'ai-sdk', library: libraries.ai, addsTo: 'wire', create: () => aiInstrumentation() },
  { name: 'ai-sdk', addsTo: 'wire', create: () => aiTelemetryInstrumentation() },
  {
    name: 'bedrock',
    library: libraries.bedrock,
    addsTo: 'wire',
    create: ({ modelEndpoints }) =>
      bedrockInstrumentation({ requests: () => openBedrockRequests(new Endpoints(modelEndpoints)) }),
  },
  { name: 'bullmq', library: libraries.bullmq, create: (options) => bullmqInstrumentation(gauges(options)) },
  { name: 'pg-boss', library: libraries.pgBoss, create: (options) => pgBossInstrumentation(gauges(options)) },
  {
    name: 'graphile-worker',
    library: libraries.graphileWorker,
    create: (options) => graphileWorkerInstrumentation(gauges(options)),
  },
  { name: 'langgraph', library: libraries.langgraph, create: () => langgraphInstrumentation() },
  { name: 'openai-agents', library: libraries.openaiAgents, create: () => openaiAgentsInstrumentation() },
];

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
