import { context } from '@opentelemetry/api';
import { contextOf } from './runs.ts';

type Task = (payload: unknown, helpers: unknown, ...rest: unknown[]) => unknown;

const wrapped = new WeakMap<object, object>();

/**
 * The tasks of the application as a worker sees them: each runs where the span of its job is active. The application's
 * own object stays as it is, and what it does to it later shows.
 */
export function tasksInContext(tasks: object): object {
  // Not a proxy of the tasks themselves: one of a frozen object or a namespace must show what is there.
  return new Proxy(Object.create(null), {
    get: (_, name) => inContext(Reflect.get(tasks, name)),
    has: (_, name) => Reflect.has(tasks, name),
    ownKeys: () => Reflect.ownKeys(tasks),
    getOwnPropertyDescriptor(_, name) {
      const descriptor = Reflect.getOwnPropertyDescriptor(tasks, name);
      return (
        descriptor && { configurable: true, enumerable: descriptor.enumerable ?? false, value: this.get?.(_, name, _) }
      );
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(tasks),
  });
}

function inContext(task: unknown): unknown {
  if (typeof task !== 'function') return task;
  let known = wrapped.get(task);
  if (known === undefined) {
    known = new Proxy(task as Task, {
      apply(target, self, args: Parameters<Task>) {
        const run = contextOf((args[1] as { job?: unknown } | undefined)?.job);
        const call = (): unknown => Reflect.apply(target, self, args);
        return run === undefined ? call() : context.with(run, call);
      },
    });
    wrapped.set(task, known);
  }
  return known;
}
