import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { ResolvedOptions } from '../src/options.ts';
import { bullmqInstrumentation } from './bullmq.ts';
import { httpServerInstrumentation } from './http-server.ts';
import { pgBossInstrumentation } from './pg-boss.ts';
import { wireInstrumentation } from './wire.ts';

/** Every instrumentation, one line each: its name, the package it waits for, and how it is made. */
const all: readonly {
  name: string;
  loads?: string;
  create: (options: ResolvedOptions) => Instrumentation;
}[] = [
  { name: 'wire', create: ({ modelEndpoints }) => wireInstrumentation({ modelEndpoints }) },
  { name: 'http-server', create: () => httpServerInstrumentation() },
  {
    name: 'bullmq',
    loads: 'bullmq',
    create: ({ queuePollIntervalMs }) => bullmqInstrumentation({ queueGauges: queuePollIntervalMs !== undefined }),
  },
  { name: 'pg-boss', loads: 'pg-boss', create: () => pgBossInstrumentation() },
];

/** What `disabledInstrumentations` may name. */
export const instrumentationNames: readonly string[] = all.map(({ name }) => name);

function enabled(options: ResolvedOptions): typeof all {
  return all.filter(({ name }) => !options.disabledInstrumentations.includes(name));
}

export function createInstrumentations(options: ResolvedOptions): Instrumentation[] {
  return enabled(options).map(({ create }) => create(options));
}

/** The packages that a load hook has to look for. */
export function hookedPackages(options: ResolvedOptions): string[] {
  return enabled(options).flatMap(({ loads }) => loads ?? []);
}
