import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api';
import { guarded, hookFailed, isObserved } from '../../src/observe.ts';
import { type Settled, settle } from '../../src/recorders/settle.ts';
import { type RunningSubmission, type Submitted, startSubmission } from '../../src/recorders/submissions.ts';
import { type Note, writeMetadata } from './metadata.ts';
import type { Patches } from './patches.ts';
import { type Carrying, type Flow, hasOwnTelemetry, type Library, type QueueShape } from './shapes.ts';

/** More jobs than this in one call are no longer one piece of work. */
const MAX_CONTINUED = 100;

/**
 * What the jobs of the call that is being made should take along, while that call runs: `add` and `addBulk` ask for it
 * before they first wait for anything.
 */
let outgoing: (() => string | undefined) | undefined;

/** Counts the jobs that are sent, with a span around each call. */
export function watchSenders({ Queue, JobScheduler, Repeat, FlowProducer }: Library, patches: Patches): void {
  patches.method(Queue, 'add', (queue: QueueShape, args: [unknown, unknown, Carrying?], call) =>
    submit(
      () => ({
        jobs: [{ queue: queue.name, name: String(args[0]) }],
        hasSpan: !hasOwnTelemetry(queue),
        // The application has written the context that this job should carry.
        metadata: args[2]?.telemetry?.metadata === undefined ? undefined : nothing,
      }),
      call,
    ),
  );
  patches.method(Queue, 'addBulk', (queue: QueueShape, [jobs]: [readonly { name: unknown }[]], call) =>
    submit(
      () => ({
        jobs: jobs.map(({ name }) => ({ queue: queue.name, name: String(name) })),
        hasSpan: !hasOwnTelemetry(queue),
        metadata: jobs.length > 1 ? () => writeMetadata(context.active(), { batch: true }) : undefined,
      }),
      call,
    ),
  );
  patches.method(JobScheduler, 'upsertJobScheduler', (self: QueueShape, args: unknown[], call) =>
    schedule(self, args[2], args[5], call),
  );
  patches.method(Repeat, 'updateRepeatableJob', (self: QueueShape, args: unknown[], call) =>
    // What Queue.add hands over to it has been counted there.
    isByWorker(args[3]) ? schedule(self, args[0], args[3], call) : call(),
  );
  patches.method(FlowProducer, 'add', (self: FlowShape, [flow, ...rest]: [Flow, ...unknown[]], call) =>
    sendFlows(self, [flow], ([carrying]) => call([carrying, ...rest])),
  );
  patches.method(FlowProducer, 'addBulk', (self: FlowShape, [flows, ...rest]: [Flow[], ...unknown[]], call) =>
    sendFlows(self, flows, (carrying) => call([carrying, ...rest])),
  );
}

/** Hands BullMQ the metadata for jobs that it would ask its telemetry for; an application's own telemetry is asked. */
export function carryContext({ QueueBase }: Library, patches: Patches): void {
  const withMetadata = (_: QueueShape, args: unknown[], call: (args?: readonly unknown[]) => unknown): unknown => {
    let metadata: string | undefined;
    guarded('the hook of bullmq', () => {
      if (isObserved()) metadata = outgoing === undefined ? writeMetadata(context.active()) : outgoing();
    });
    if (metadata === undefined) return call();
    const callback = args[3] as (span: unknown, metadata: string | undefined) => unknown;
    return call(args.with(3, (span: unknown) => callback(span, metadata)));
  };
  patches.method(
    QueueBase,
    'trace',
    withMetadata,
    (self: QueueShape, args: unknown[]) => (args[1] === 'add' || args[1] === 'addBulk') && !hasOwnTelemetry(self),
  );
}

function nothing(): undefined {}

interface Sending {
  readonly jobs: readonly Submitted[];
  readonly hasSpan: boolean;
  readonly context?: Context;
  /** What the jobs take along. @default the context of the call */
  readonly metadata?: (() => string | undefined) | undefined;
}

function submit<T>(describe: () => Sending, call: () => T): T {
  let sent: Sent | undefined;
  try {
    if (isObserved()) sent = new Sent(describe());
  } catch (error) {
    hookFailed('the hook of bullmq', error);
  }
  if (sent === undefined) return call();
  const { running, metadata } = sent;
  const before = outgoing;
  const carrying = (): T => {
    outgoing = metadata;
    try {
      return call();
    } finally {
      outgoing = before;
    }
  };
  return running.run(() => settle(carrying, sent));
}

/** A submission that is under way. */
class Sent implements Settled<unknown> {
  readonly running: RunningSubmission;
  readonly metadata: (() => string | undefined) | undefined;

  constructor({ jobs, hasSpan, context: given, metadata }: Sending) {
    this.running = startSubmission({ system: 'bullmq', jobs, span: hasSpan, context: given });
    this.metadata = metadata;
  }

  done(added: unknown): void {
    // A producer that is closing, or a scheduler that is done, adds nothing and returns nothing.
    if (added) this.running.end(undefined, idOf(added));
    else this.running.end([]);
  }

  failed(error: unknown): void {
    this.running.fail(error);
  }

  unobservable(): void {
    this.running.end();
  }
}

function idOf(added: unknown): string | undefined {
  const { id } = added as { id?: unknown };
  return typeof id === 'string' ? id : undefined;
}

function isByWorker(how: unknown): boolean {
  return (how as { override?: unknown } | undefined)?.override === false;
}

/**
 * A worker that takes a scheduler's job adds the next one at once, in the middle of whatever it does: that is nobody's
 * call.
 */
function schedule(self: QueueShape, name: unknown, how: unknown, call: () => unknown): unknown {
  const byWorker = isByWorker(how);
  const describe = (): Sending => ({
    jobs: [{ queue: self.name, name: String(name) }],
    hasSpan: !byWorker && !hasOwnTelemetry(self),
    ...(byWorker ? { context: ROOT_CONTEXT } : {}),
  });
  return submit(describe, call);
}

interface FlowShape {
  readonly telemetry?: unknown;
}

function sendFlows(self: FlowShape, flows: readonly Flow[], call: (flows: readonly Flow[]) => unknown): unknown {
  const jobs: Submitted[] = [];
  const collect = ({ queueName: queue, name, children }: Flow): void => {
    jobs.push({ queue, name });
    for (const child of children ?? []) collect(child);
  };
  const isOwn = self.telemetry !== undefined;
  const describe = (): Sending => {
    for (const flow of flows) collect(flow);
    return { jobs, hasSpan: !isOwn };
  };
  return submit(describe, () => {
    let carrying = flows;
    guarded('the hook of bullmq', () => {
      if (isOwn || jobs.length === 0) return;
      const many = flows.length > 1 || jobs.length > MAX_CONTINUED;
      const active = context.active();
      const write = (flow: Note['flow']) => writeMetadata(active, { flow, ...(many ? { batch: true } : {}) } as Note);
      const metadata = { leaf: write('leaf'), parent: write('parent') };
      carrying = flows.map((flow) => carry(flow, metadata));
    });
    return call(carrying);
  });
}

/** A node that carries a context; the application's own objects stay as they are. */
function carry(node: Flow, metadata: Readonly<Record<'leaf' | 'parent', string | undefined>>): Flow {
  const { opts, children } = node;
  const own = (opts as Carrying | undefined)?.telemetry;
  const kind = children !== undefined && children.length > 0 ? 'parent' : 'leaf';
  const changed: PropertyDescriptorMap = {};
  if (own?.omitContext !== true && own?.metadata === undefined) {
    const value = { ...opts, telemetry: { ...own, metadata: metadata[kind] } };
    changed.opts = { value, enumerable: true, writable: true, configurable: true };
  }
  if (kind === 'parent') {
    const value = children?.map((child) => carry(child, metadata));
    changed.children = { value, enumerable: true, writable: true, configurable: true };
  }
  return Object.create(node, changed) as Flow;
}
