import { context } from '@opentelemetry/api';
import { guarded } from '../../src/observe.ts';
import { sandboxContext } from './claims.ts';
import { extract, readMetadata, writeMetadata } from './metadata.ts';
import type { Patches } from './patches.ts';
import type { JobShape, Library } from './shapes.ts';

/** The options of a job on their way to a sandbox: version 5 sends them in the short form of its storage. */
interface SentOptions {
  readonly tm?: unknown;
  readonly telemetry?: { readonly metadata?: unknown };
}

/** Sends the context of a run along to the sandbox of its processor file. */
export function carryIntoSandbox({ Job }: Library, patches: Patches): void {
  patches.method(Job, 'asJSONSandbox', (job: JobShape, _: unknown[], call) => {
    const sent = call() as { opts?: SentOptions };
    guarded('the hook of bullmq', () => {
      const inside = sandboxContext(job);
      const metadata = inside && writeMetadata(inside);
      if (metadata === undefined || sent.opts === undefined) return;
      const isShort = 'tm' in sent.opts || !('telemetry' in sent.opts);
      sent.opts = isShort
        ? { ...sent.opts, tm: metadata }
        : { ...sent.opts, telemetry: { ...sent.opts.telemetry, metadata } };
    });
    return sent;
  });
}

/** Continues in a sandbox the trace of the run that waits for it. */
export function watchSandbox({ ChildProcessor }: Library, patches: Patches): boolean {
  return patches.method(ChildProcessor, 'start', (_: object, [job]: [{ opts?: SentOptions }], call) => {
    let inside = context.active();
    guarded('the hook of bullmq', () => {
      const { carrier } = readMetadata(job?.opts?.telemetry?.metadata ?? job?.opts?.tm);
      if (Object.keys(carrier).length > 0) inside = extract(carrier);
    });
    return context.with(inside, call);
  });
}
