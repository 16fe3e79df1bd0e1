import { type Context, trace } from '@opentelemetry/api';
import { hookFailed, isObserved } from '../../src/observe.ts';
import { jobIn } from '../../src/recorders/jobs.ts';
import { type Settled, settle } from '../../src/recorders/settle.ts';
import { type RunningSubmission, type Submitted, startSubmission } from '../../src/recorders/submissions.ts';
import { HOOK, type Job, keyOf, type SharedOptions, SYSTEM } from './library.ts';
import { remember, startSending } from './origins.ts';
import { replaceKey, runOf } from './runs.ts';

export type Add = (...args: unknown[]) => unknown;
interface Spec {
  readonly identifier?: unknown;
  readonly payload?: unknown;
  readonly jobKey?: unknown;
}

/** Those that outlive a job: they may come again. */
const ours = new WeakSet<object>();

/** `addJob(identifier, payload, spec)`, measured. */
export function measuredAddJob(options: SharedOptions, addJob: Add, isActive: () => boolean, isShared = true): Add {
  return measured(options, addJob, isActive, isShared, ([identifier, payload, spec]) => [
    { jobKey: (spec as Spec | undefined)?.jobKey, identifier, payload },
  ]);
}

/** `addJobs(specs)`, measured. */
export function measuredAddJobs(options: SharedOptions, addJobs: Add, isActive: () => boolean, isShared = true): Add {
  return measured(options, addJobs, isActive, isShared, ([specs]) => (Array.isArray(specs) ? (specs as Spec[]) : []));
}

function measured(
  options: SharedOptions,
  add: Add,
  isActive: () => boolean,
  isShared: boolean,
  read: (args: unknown[]) => Spec[],
): Add {
  if (ours.has(add)) return add;
  const proxy = new Proxy(add, {
    apply(target, self, args: unknown[]) {
      const call = (): unknown => Reflect.apply(target, self, args);
      let sent: Sent | undefined;
      try {
        const specs = isActive() && isObserved() ? read(args) : [];
        if (specs.length > 0) sent = new Sent(options, specs);
      } catch (error) {
        hookFailed(HOOK, error);
      }
      if (sent === undefined) return call();
      return sent.running.run(() => settle(call, sent));
    },
  });
  if (isShared) ours.add(proxy);
  return proxy;
}

/** A submission that is under way. */
class Sent implements Settled<unknown> {
  readonly running: RunningSubmission;
  readonly #options: SharedOptions;
  readonly #specs: readonly Spec[];
  readonly #jobs: readonly Submitted[];
  readonly #over: (() => void) | undefined;

  constructor(options: SharedOptions, specs: readonly Spec[]) {
    this.#options = options;
    this.#specs = specs;
    this.#jobs = specs.map(submitted);
    this.running = startSubmission({ system: SYSTEM, jobs: this.#jobs });
    this.#over = start(options, specs, this.running);
  }

  done(answer: unknown): void {
    added(this.#options, this.#specs, this.#jobs, this.running, answer);
    this.#over?.();
  }

  failed(error: unknown): void {
    this.#over?.();
    this.running.fail(error);
  }

  unobservable(): void {
    this.#over?.();
    this.running.end([]);
  }
}

function start(
  options: SharedOptions,
  specs: readonly Spec[],
  { context: sent }: RunningSubmission,
): (() => void) | undefined {
  if (specs.length > 1 || trace.getSpanContext(sent) === undefined) return undefined;
  const { identifier, payload } = specs[0] ?? {};
  return startSending(options, identifier, { payload, sent, isRepeat: isRepeat(sent, identifier) });
}

/** A job that sends itself again would make one trace that never ends. */
function isRepeat(sent: Context, identifier: unknown): boolean {
  const sender = jobIn(sent);
  return sender?.system === SYSTEM && sender.name === identifier;
}

const submitted = ({ identifier }: Spec): Submitted => ({ queue: undefined, name: String(identifier) });

function added(
  options: SharedOptions,
  specs: readonly Spec[],
  jobs: readonly Submitted[],
  sent: RunningSubmission,
  answer: unknown,
): void {
  for (const { jobKey } of specs) if (typeof jobKey === 'string') replaceKey(options, jobKey);
  const rows = (Array.isArray(answer) ? answer : [answer]) as (Partial<Job> | null | undefined)[];
  const taken: Submitted[] = [];
  let id: string | undefined;
  const isTraced = trace.getSpanContext(sent.context) !== undefined;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index];
    // A row that a key led to was there before, and is no new job.
    if (row?.revision !== 0) continue;
    taken.push(jobs[index] ?? submitted({}));
    id = row.id;
    if (!isTraced || id === undefined) continue;
    const key = keyOf(options, id);
    remember(key, sent.context, isRepeat(sent.context, specs[index]?.identifier), runOf(key));
  }
  sent.end(taken, taken.length === 1 ? id : undefined);
}
