import { type Context, context } from '@opentelemetry/api';
import { guarded, isObserved } from '../../src/observe.ts';
import { jobIn } from '../../src/recorders/jobs.ts';
import { settle } from '../../src/recorders/settle.ts';
import { type RunningSubmission, type Submitted, startSubmission } from '../../src/recorders/submissions.ts';
import { HOOK, type Job, keyOf, type SharedOptions, SYSTEM } from './library.ts';
import { remember, startSending } from './origins.ts';
import { replaceKey, runOf } from './runs.ts';

type Add = (...args: unknown[]) => unknown;
interface Spec {
  readonly identifier?: unknown;
  readonly payload?: unknown;
  readonly jobKey?: unknown;
}

const ours = new WeakSet<object>();

/** `addJob(identifier, payload, spec)`, measured. */
export function measuredAddJob(options: SharedOptions, addJob: Add, isActive: () => boolean): Add {
  return measured(options, addJob, isActive, ([identifier, payload, spec]) => [
    { ...(spec as Spec | undefined), identifier, payload },
  ]);
}

/** `addJobs(specs)`, measured. */
export function measuredAddJobs(options: SharedOptions, addJobs: Add, isActive: () => boolean): Add {
  return measured(options, addJobs, isActive, ([specs]) => (Array.isArray(specs) ? (specs as Spec[]) : []));
}

function measured(options: SharedOptions, add: Add, isActive: () => boolean, read: (args: unknown[]) => Spec[]): Add {
  if (ours.has(add)) return add;
  const proxy = new Proxy(add, {
    apply(target, self, args: unknown[]) {
      const call = (): unknown => Reflect.apply(target, self, args);
      let specs: Spec[] = [];
      let submission: RunningSubmission | undefined;
      guarded(HOOK, () => {
        if (!isActive() || !isObserved()) return;
        specs = read(args);
        if (specs.length > 0) submission = startSubmission({ system: SYSTEM, jobs: specs.map(submitted) });
      });
      const sent = submission;
      if (sent === undefined) return call();
      const over = start(options, specs, sent);
      return context.with(sent.context, () =>
        settle(call, {
          done(answer) {
            added(options, specs, sent, answer);
            over();
          },
          failed(error) {
            over();
            sent.fail(error);
          },
          unobservable() {
            over();
            sent.end([]);
          },
        }),
      );
    },
  });
  ours.add(proxy);
  return proxy;
}

function start(options: SharedOptions, specs: Spec[], { context: sent }: RunningSubmission): () => void {
  const [{ identifier, payload } = {}] = specs;
  if (specs.length > 1) return () => {};
  return startSending(options, identifier, { payload, sent, isRepeat: isRepeat(sent, identifier) });
}

/** A job that sends itself again would make one trace that never ends. */
function isRepeat(sent: Context, identifier: unknown): boolean {
  const sender = jobIn(sent);
  return sender?.system === SYSTEM && sender.name === identifier;
}

const submitted = ({ identifier }: Spec): Submitted => ({ queue: undefined, name: String(identifier) });

function added(options: SharedOptions, specs: Spec[], sent: RunningSubmission, answer: unknown): void {
  for (const { jobKey } of specs) if (typeof jobKey === 'string') replaceKey(options, jobKey);
  const rows = (Array.isArray(answer) ? answer : [answer]) as (Partial<Job> | null | undefined)[];
  // A row that a key led to was there before, and is no new job.
  const fresh = rows.flatMap((row, index) => (row?.revision === 0 ? { id: row.id, spec: specs[index] } : []));
  const [only] = fresh;
  sent.end(
    fresh.map(({ spec }) => submitted(spec ?? {})),
    fresh.length === 1 ? only?.id : undefined,
  );
  for (const { id, spec } of fresh) {
    if (id === undefined) continue;
    const key = keyOf(options, id);
    remember(key, sent.context, isRepeat(sent.context, spec?.identifier), runOf(key));
  }
}
