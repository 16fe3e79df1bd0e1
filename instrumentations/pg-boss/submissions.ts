import { context, createContextKey, trace } from '@opentelemetry/api';
import { drop, hookFailed, isObserved } from '../../src/observe.ts';
import { jobIn } from '../../src/recorders/jobs.ts';
import { linkLate } from '../../src/recorders/origins.ts';
import { type Settled, settle } from '../../src/recorders/settle.ts';
import { type RunningSubmission, type Submitted, startSubmission } from '../../src/recorders/submissions.ts';
import { claimOf } from './claims.ts';
import { isInternal, type Manager, SYSTEM, traces } from './library.ts';
import { origins, readiness } from './memory.ts';

/** Set while pg-boss itself sends what is due by its schedules. */
export const SCHEDULED = createContextKey('gaugeway.pg-boss.scheduled');

interface Submission {
  readonly jobs: readonly Submitted[];
  /** False where pg-boss has a span of its own. */
  readonly span: boolean;
  /** Ends the submission with what the call answered. */
  readonly end: (running: RunningSubmission, answer: unknown) => void;
}

/** `createJob(request)`, or `createJob(name, data, options, offset)` in earlier versions: what every `send` comes to. */
export function createJob(call: () => unknown, manager: Manager, args: unknown[]): unknown {
  return submit(call, () => {
    const request = args[0];
    const offset = args[3];
    const queue = typeof request === 'object' ? (request as { name?: unknown } | null)?.name : request;
    // Version 10 calls itself for the next slot, with an offset.
    if (typeof queue !== 'string' || isInternal(queue) || offset) return undefined;
    const jobs = [{ queue, name: queue }];
    const span = !traces(manager);
    const end: Submission['end'] = (running, id) => {
      // Null where a throttled job was there already.
      running.end(typeof id === 'string' ? jobs : [], typeof id === 'string' ? id : undefined);
      if (typeof id === 'string') remember(id, queue, running, span);
    };
    return { jobs, span, end };
  });
}

/** `insert(name, jobs, options)`; version 10 has no name, each job has one. */
export function insert(call: () => unknown, manager: Manager, args: unknown[]): unknown {
  return submit(call, () => {
    const [name, list] = Array.isArray(args[0]) ? [undefined, args[0]] : [args[0], args[1]];
    if (!Array.isArray(list) || list.length === 0 || isInternal(name)) return undefined;
    const rows = list as { name?: unknown; id?: unknown; singletonKey?: unknown; singletonSeconds?: unknown }[];
    const jobs = rows.map((row) => String(name ?? row.name)).map((queue) => ({ queue, name: queue }));
    const span = !traces(manager);
    const end: Submission['end'] = (running, answer) => {
      const ids = Array.isArray(answer) ? answer : undefined;
      // Only rows that may collide with others may have been left out.
      const isSure = rows.every(
        ({ id, singletonKey, singletonSeconds }, index) =>
          (id ?? singletonKey ?? singletonSeconds) == null &&
          manager.queues?.[jobs[index]?.queue ?? '']?.policy === 'standard',
      );
      if (ids === undefined ? isSure : ids.length === jobs.length) running.end();
      else if (ids !== undefined && name !== undefined) running.end(jobs.slice(0, ids.length));
      else {
        running.end([]);
        drop('unobservable', jobs.length);
      }
      for (const [index, id] of (ids ?? rows.map((row) => row.id)).entries()) {
        if (typeof id === 'string') remember(id, jobs[index]?.queue, running, span);
      }
    };
    return { jobs, span, end };
  });
}

/** `flow(jobs)`: all of them or none. */
export function flow(call: () => unknown, manager: Manager, args: unknown[]): unknown {
  return submit(call, () => {
    const [list] = args;
    if (!Array.isArray(list) || list.length === 0) return undefined;
    const rows = list as { ref: string; name: string; dependsOn?: unknown[] }[];
    const jobs = rows.map(({ name }) => ({ queue: name, name }));
    const span = !traces(manager);
    const end: Submission['end'] = (running, answer) => {
      running.end();
      const ids = (answer ?? {}) as Record<string, unknown>;
      for (const { ref, name, dependsOn } of rows) {
        const id = ids[ref];
        if (typeof id !== 'string') continue;
        remember(id, name, running, span);
        // Once it is unblocked, nothing tells when that was.
        if (Array.isArray(dependsOn) && dependsOn.length > 0) readiness.lose(id);
      }
    };
    return { jobs, span, end };
  });
}

/** `upsert(name, data, options)` or `upsert(request)`: a submission where it inserted. */
export function upsert(call: () => unknown, manager: Manager, args: unknown[]): unknown {
  return submit(call, () => {
    const queue = typeof args[0] === 'string' ? args[0] : (args[0] as { name?: unknown } | null)?.name;
    if (typeof queue !== 'string') return undefined;
    const jobs = [{ queue, name: queue }];
    const span = !traces(manager);
    const end: Submission['end'] = (running, answer) => {
      const { inserted, jobs: ids } = (answer ?? {}) as { inserted?: unknown; jobs?: unknown[] };
      const [id] = inserted === 1 ? (ids ?? []) : [];
      running.end(inserted === 1 ? jobs : [], typeof id === 'string' ? id : undefined);
      if (typeof id === 'string') remember(id, queue, running, span);
    };
    return { jobs, span, end };
  });
}

function submit(call: () => unknown, describe: () => Submission | undefined): unknown {
  let sent: Sent | undefined;
  try {
    const made = isObserved() ? describe() : undefined;
    if (made !== undefined) sent = new Sent(made);
  } catch (error) {
    hookFailed('the hook of pg-boss', error);
  }
  if (sent === undefined) return call();
  const { running } = sent;
  return running.run(() => settle(call, sent));
}

/** A submission that is under way. */
class Sent implements Settled<unknown> {
  readonly running: RunningSubmission;
  readonly #made: Submission;

  constructor(made: Submission) {
    const active = context.active();
    // A scheduler inherits the context in which pg-boss was started, which has sent nothing.
    const parent = active.getValue(SCHEDULED) ? trace.deleteSpan(active) : undefined;
    this.running = startSubmission({ system: SYSTEM, jobs: made.jobs, context: parent, span: made.span });
    this.#made = made;
  }

  done(answer: unknown): void {
    this.#made.end(this.running, answer);
  }

  failed(error: unknown): void {
    this.running.fail(error);
  }

  unobservable(): void {
    this.running.end([]);
  }
}

/** A job that sends itself again would make one trace that never ends. */
function remember(id: string, queue: string | undefined, { context: sent }: RunningSubmission, isOurs: boolean): void {
  readiness.sentHere(id);
  // Where pg-boss has spans, what is active is not the sender's.
  if (!isOurs || trace.getSpanContext(sent) === undefined) return;
  const sender = jobIn(sent);
  origins.remember(id, sent, { isRepeat: sender?.system === SYSTEM && sender.queue === queue });
  const claim = claimOf(id);
  if (claim !== undefined) linkLate(claim.run.context, sent);
}
