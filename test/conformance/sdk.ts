import type { Outcome } from '../../src/index.ts';
import type { PatternName } from './patterns.ts';

/** The library has no such way to call. */
export const ABSENT = undefined;

/** A call by this model; what it returns, or throws, is what the application sees. */
export type Call = (model: string) => unknown;

/** How a library is driven; the smallest file beside `sdks/index.ts` is the template for another one. */
export interface Sdk<Modules extends readonly object[] = readonly object[]> {
  /** `gen_ai.provider.name` of its calls. */
  readonly provider: string;
  /** `gen_ai.operation.name` of its calls. */
  readonly operation: string;
  /** `error.type` of the provider's own error 500. */
  readonly serverError: string;
  /** `error.type` of a connection that breaks: what the wire below the library calls it. */
  readonly dropped: 'UND_ERR_SOCKET' | 'ECONNRESET';
  /** Where the library itself ends an exchange in another way than the pattern supposes. */
  readonly differently?: Partial<Record<PatternName, readonly [outcome: Outcome, errorType?: string]>>;
  /** Where the library makes spans itself, which then are the only ones, and never ends them. */
  readonly endlessSpans?: readonly PatternName[];
  /** Every pattern must be named: `ABSENT` is said, not forgotten. */
  patterns(modules: Modules, baseUrl: string): Readonly<Record<PatternName, Call | undefined>>;
}

/** Reads to the end and returns what `tell` makes of each item. */
export async function read<Item>(items: AsyncIterable<Item>, tell: (item: Item) => unknown): Promise<unknown[]> {
  const told: unknown[] = [];
  for await (const item of items) told.push(tell(item));
  return told;
}

/** Leaves after the first item. */
export async function leave<Item>(items: AsyncIterable<Item>, tell: (item: Item) => unknown): Promise<unknown> {
  for await (const item of items) return tell(item);
  return 'nothing came';
}

/** Aborts with the first item; how many of the next had come with it is a matter of the network. */
export async function abortFirst(items: AsyncIterable<unknown>, abort: () => void): Promise<unknown> {
  for await (const _ of items) abort();
  return 'ended';
}

/** Whether a promise that is asked twice gives the same object, and what `tell` makes of it. */
export async function askedTwice<Answer>(promise: PromiseLike<Answer>, tell: (answer: Answer) => unknown) {
  const [first, second] = [await promise, await promise];
  return [first === second, tell(first)];
}

/** The error of a promise that is asked twice, and whether both times it is the same object. */
export async function rejectionOf(promise: PromiseLike<unknown>, APIError?: new (...args: never) => Error) {
  const [first, second] = await Promise.allSettled([promise, promise]);
  if (first.status !== 'rejected' || second.status !== 'rejected') return 'no error';
  const isTheirs = APIError === undefined ? undefined : first.reason instanceof APIError;
  return { error: describeError(first.reason), isSame: first.reason === second.reason, isTheirs };
}

/** What an application can tell one error from another by. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error || error instanceof DOMException)) return { thrown: String(error) };
  const classes: string[] = [];
  for (let type = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type)) {
    classes.push(type.constructor.name);
  }
  const { name, message, cause, code, status } = error as Error & { code?: unknown; status?: unknown };
  return {
    classes,
    name,
    message: message.replaceAll(/req_\w+/g, '').replaceAll(/:\d{4,5}\b/g, ''),
    code,
    status,
    keys: Object.keys(error).sort(),
    cause: cause === undefined ? undefined : describeError(cause),
  };
}
