import { randomUUID } from 'node:crypto';
import { isMainThread, threadId } from 'node:worker_threads';
import {
  defaultResource,
  detectResources,
  processDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { warnOfVariable } from '../diagnostics.ts';
import type { ResolvedOptions } from '../options.ts';
import { resourceAttributes } from '../parsers.ts';
import { readVariable } from '../variables.ts';

const INSTANCE = 'service.instance.id';

/**
 * Who exports: `OTEL_RESOURCE_ATTRIBUTES` beat what is detected, and the service's name beats them. Only detectors that
 * answer at once: an early scrape would meet attributes that are not there yet.
 */
export function createResource({ serviceName }: ResolvedOptions): Resource {
  const given = readVariable(
    { variables: ['OTEL_RESOURCE_ATTRIBUTES'], parser: resourceAttributes, fallback: {} },
    process.env,
    warnOfVariable,
  );
  return defaultResource()
    .merge(resourceFromAttributes(processAttributes()))
    .merge(resourceFromAttributes(given))
    .merge(resourceFromAttributes({ [INSTANCE]: instanceId(given[INSTANCE]) }))
    .merge(resourceFromAttributes(serviceName === undefined ? {} : { 'service.name': serviceName }));
}

/** Every process and worker writes series of its own: two writers of one series look like resets. */
function instanceId(given: string | undefined): string {
  if (given === undefined) return randomUUID();
  return isMainThread ? given : `${given}/thread-${threadId}`;
}

/** Without the arguments of the command line: some programs are given their keys there. */
function processAttributes(): Record<string, string | number> {
  const { attributes } = detectResources({ detectors: [processDetector] });
  const kept = Object.entries(attributes).filter(
    (entry): entry is [string, string | number] => entry[0] !== 'process.command_args' && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(kept), ...(isMainThread ? {} : { 'thread.id': threadId }) };
}
