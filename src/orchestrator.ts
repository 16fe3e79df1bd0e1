import { context } from '@opentelemetry/api';
import { drop, guarded, isObserved } from './observe.ts';
import { type JobEvent, JobEvents } from './recorders/job-events.ts';
import { type JobEnd, type JobStart, jobs } from './recorders/jobs.ts';
import { settle } from './recorders/settle.ts';
import { startSubmission } from './recorders/submissions.ts';
import { replaceMethod, requireMethods } from './replace-method.ts';

// biome-ignore lint/suspicious/noExplicitAny: the arguments are the orchestrator's own
type Told<T> = T | ((...args: any[]) => T | undefined);
// biome-ignore lint/suspicious/noExplicitAny: the arguments are the orchestrator's own
type ReadStatus = (...args: any[]) => JobEvent | undefined;
type Methods<O, Meaning> = { readonly [Name in keyof O & string]?: Meaning };

/** A method that runs one job, from its call until it returns, resolves, throws or rejects. */
export interface RunMethod {
  /** @default `name` or `type` of the first argument, else the method's name */
  readonly name?: Told<string>;
  readonly queue?: Told<string>;
  /** @default `jobId` or `id` of the first argument, where that is an object */
  readonly id?: Told<string | number>;
  /** 1 for the first run of the job. */
  readonly attempt?: Told<number>;
  /** Unix milliseconds. */
  readonly createdAt?: Told<number>;
  /** How long the job was ready to run before the call, in milliseconds. */
  readonly waitMs?: Told<number>;
  /** True when a failure of this call will be tried again. @default false */
  readonly retries?: Told<boolean>;
  /** How the job ended, by what the method answered. @default COMPLETED, unless its `status` is FAILED or CANCELLED */
  // biome-ignore lint/suspicious/noExplicitAny: the answer is the orchestrator's own
  readonly status?: (answer: any) => 'COMPLETED' | 'FAILED' | 'CANCELLED' | undefined;
}

/** A method that takes one step of the job that runs around it. */
export interface StepMethod {
  /** @default `name` or `type` of the first argument, else the method's name */
  readonly name?: Told<string>;
  /** `agent`, `tool`, `model`, `node` or a word of the application's own. @default 'agent' */
  readonly type?: Told<string>;
  /** `gen_ai.agent.name` of the agent that takes the step. */
  readonly agent?: Told<string>;
}

/** A method that hands over one job to be run later. */
export interface SubmitMethod {
  /** @default `name` or `type` of the first argument, else the method's name */
  readonly name?: Told<string>;
  readonly queue?: Told<string>;
}

/** What the methods of an orchestrator mean; each fact is a value or a function of the method's arguments. */
export interface OrchestratorMapping<O> {
  /** Names the orchestrator. @default 'custom' */
  readonly system?: string;
  readonly runs?: Methods<O, RunMethod>;
  readonly steps?: Methods<O, StepMethod>;
  readonly submits?: Methods<O, SubmitMethod>;
  /**
   * Methods by which the orchestrator sets the status of a job or step: what their arguments say, or undefined where they
   * say nothing of either. A job is recorded from RUNNING to its end, as by `observeEventBus`.
   */
  readonly statuses?: Methods<O, ReadStatus>;
}

/**
 * Records the jobs, steps and submissions of an orchestrator object through its methods, which keep their arguments,
 * results and errors. Returns the function that restores the object; throws when a method does not exist.
 */
export function instrumentOrchestrator<O extends object>(orchestrator: O, mapping: OrchestratorMapping<O>): () => void {
  const { system = 'custom', runs = {}, steps = {}, submits = {}, statuses = {} } = mapping;
  for (const [option, methods] of Object.entries({ runs, steps, submits, statuses })) {
    requireMethods(orchestrator, Object.keys(methods), `instrumentOrchestrator: option "${option}"`, 'orchestrator');
  }
  const events = new JobEvents(system);
  const restores: (() => void)[] = [];
  const restore = (): void => {
    for (const undo of restores.splice(0).reverse()) undo();
    events.stop();
  };
  const replace = <Meaning>(methods: Methods<O, Meaning>, around: (meaning: Meaning, name: string) => Around): void => {
    for (const [name, meaning] of Object.entries(methods)) {
      restores.push(replaceMethod(orchestrator, name, around((meaning ?? {}) as Meaning, name)));
    }
  };
  try {
    replace<SubmitMethod>(submits, (method, name) => submit(system, method, name));
    replace<RunMethod>(runs, (method, name) => run(system, method, name));
    replace<StepMethod>(steps, step);
    replace<ReadStatus>(statuses, (read) => setStatus(read, events));
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

type Around = Parameters<typeof replaceMethod>[2];

function run(system: string, method: RunMethod, methodName: string): Around {
  return (call, args) => {
    if (!isObserved()) return call();
    const details: JobStart = {
      system,
      name: nameOf(method.name, args, methodName),
      queue: told(method.queue, args, 'string'),
      id: idTold(method.id, args) ?? idOf(args[0]),
      attempt: told(method.attempt, args, 'number'),
      createdAt: told(method.createdAt, args, 'number'),
      waitMs: told(method.waitMs, args, 'number'),
    };
    const job = jobs.start(details);
    const failed = (error: unknown, end: JobEnd = {}): void =>
      job.fail(error, { ...end, final: told(method.retries, args, 'boolean') !== true });
    return context.with(job.context, () =>
      settle(call, {
        done: (answer) => {
          const status = method.status === undefined ? statusOf(answer) : told(method.status, [answer], 'string');
          if (status === 'CANCELLED') job.end({ result: 'cancellation' });
          else if (status === 'FAILED') failed(dataOf(answer, 'error'), { result: 'failure' });
          else job.end();
        },
        failed,
        unobservable: () => job.discard(),
      }),
    );
  };
}

function step(method: StepMethod, methodName: string): Around {
  return (call, args) => {
    if (!isObserved()) return call();
    return jobs.step(
      {
        name: nameOf(method.name, args, methodName),
        type: told(method.type, args, 'string'),
        agent: told(method.agent, args, 'string'),
      },
      call,
    );
  };
}

function submit(system: string, method: SubmitMethod, methodName: string): Around {
  return (call, args) => {
    if (!isObserved()) return call();
    const name = nameOf(method.name, args, methodName);
    const submission = startSubmission({ system, jobs: [{ name, queue: told(method.queue, args, 'string') }] });
    return submission.run(() =>
      settle(call, {
        done: () => submission.end(),
        failed: (error) => submission.fail(error),
        unobservable: () => submission.discard(),
      }),
    );
  };
}

/** What the arguments say holds once the method has done it. */
function setStatus(read: ReadStatus, events: JobEvents): Around {
  return (call, args) => {
    if (!isObserved()) return call();
    let said: JobEvent | undefined;
    guarded('instrumentOrchestrator', () => {
      said = read(...args);
    });
    if (said === undefined) return call();
    const event = said;
    return settle(call, {
      done: () => events.handle(event),
      failed: () => undefined,
      unobservable: () => drop('unobservable'),
    });
  };
}

interface Types {
  readonly string: string;
  readonly number: number;
  readonly boolean: boolean;
}

/** A fact that cannot be told is unknown: the orchestrator's call must not fail for it. */
function told<Type extends keyof Types>(
  fact: Told<Types[Type]> | undefined,
  args: unknown[],
  type: Type,
): Types[Type] | undefined {
  let value: unknown = fact;
  if (typeof fact === 'function') {
    guarded('instrumentOrchestrator', () => {
      value = (fact as (...args: unknown[]) => unknown)(...args);
    });
  }
  return typeof value === type && value !== '' ? (value as Types[Type]) : undefined;
}

function nameOf(name: Told<string> | undefined, args: unknown[], methodName: string): string {
  const known = told(name, args, 'string');
  if (known !== undefined) return known;
  for (const key of ['name', 'type']) {
    const value = dataOf(args[0], key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return methodName;
}

function idTold(id: Told<string | number> | undefined, args: unknown[]): string | undefined {
  return told(typeof id === 'function' ? (...given) => asText(id(...given)) : asText(id), args, 'string');
}

function asText(id: string | number | undefined): string | undefined {
  return typeof id === 'number' ? String(id) : id;
}

function idOf(argument: unknown): string | undefined {
  const id = dataOf(argument, 'jobId') ?? dataOf(argument, 'id');
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function statusOf(answer: unknown): string | undefined {
  const status = dataOf(answer, 'status');
  return typeof status === 'string' ? status.toUpperCase() : undefined;
}

/** Getters are not called: one may do anything. */
function dataOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}
