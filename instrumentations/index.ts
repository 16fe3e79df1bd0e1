import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { ResolvedOptions } from '../src/options.ts';
import { aiInstrumentation, aiTelemetryInstrumentation } from './ai-sdk.ts';
import { bedrockInstrumentation } from './bedrock.ts';
import { bullmqInstrumentation } from './bullmq.ts';
import { anthropicAiSdkInstrumentation, groqSdkInstrumentation, openaiInstrumentation } from './generated-sdks.ts';
import { graphileWorkerInstrumentation } from './graphile-worker.ts';
import { httpServerInstrumentation } from './http-server.ts';
import { langgraphInstrumentation } from './langgraph.ts';
import { openaiAgentsInstrumentation } from './openai-agents.ts';
import { pgBossInstrumentation } from './pg-boss.ts';
import { openBedrockRequests } from './wire/client-requests.ts';
import { Endpoints } from './wire/endpoints.ts';
import { wireInstrumentation } from './wire.ts';

/** Every instrumentation, one line each: its name, the package it waits for, and how it is made. */
const all: readonly {
  name: string;
  loads?: string;
  /** Files of that package which it does not export, by their address. */
  files?: RegExp;
  /** It only adds to what this one sees. */
  addsTo?: string;
  create: (options: ResolvedOptions) => Instrumentation;
}[] = [
  { name: 'wire', create: ({ modelEndpoints }) => wireInstrumentation({ modelEndpoints }) },
  { name: 'http-server', create: () => httpServerInstrumentation() },
  {
    name: 'bullmq',
    loads: 'bullmq',
    create: (options) => bullmqInstrumentation(gauges(options)),
  },
  { name: 'openai', loads: 'openai', addsTo: 'wire', create: (options) => openaiInstrumentation(sdk(options)) },
  {
    name: 'anthropic-ai-sdk',
    loads: '@anthropic-ai/sdk',
    addsTo: 'wire',
    create: (options) => anthropicAiSdkInstrumentation(sdk(options)),
  },
  { name: 'groq-sdk', loads: 'groq-sdk', addsTo: 'wire', create: (options) => groqSdkInstrumentation(sdk(options)) },
  { name: 'ai-sdk', loads: 'ai', addsTo: 'wire', create: () => aiInstrumentation() },
  { name: 'ai-sdk', addsTo: 'wire', create: () => aiTelemetryInstrumentation() },
  {
    name: 'graphile-worker',
    loads: 'graphile-worker',
    files: /\/graphile-worker\/dist\/(helpers|worker)\.js$/,
    create: (options) => graphileWorkerInstrumentation(gauges(options)),
  },
  {
    name: 'bedrock',
    loads: '@aws-sdk/client-bedrock-runtime',
    addsTo: 'wire',
    create: ({ modelEndpoints }) =>
      bedrockInstrumentation({ requests: () => openBedrockRequests(new Endpoints(modelEndpoints)) }),
  },
  { name: 'pg-boss', loads: 'pg-boss', create: (options) => pgBossInstrumentation(gauges(options)) },
  {
    name: 'langgraph',
    loads: '@langchain/core',
    files: /\/@langchain\/core\/dist\/callbacks\/manager\.c?js$/,
    create: () => langgraphInstrumentation(),
  },
  { name: 'openai-agents', loads: '@openai/agents-core', create: () => openaiAgentsInstrumentation() },
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
  return enabled(options).flatMap(({ loads }) => loads ?? []);
}

/** The files inside of them that it has to look for. */
export function hookedFiles(options: ResolvedOptions): RegExp[] {
  return enabled(options).flatMap(({ files }) => files ?? []);
}
