import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { defineInstrumentation } from '../src/instrumentation.ts';
import { guarded, isObserved } from '../src/observe.ts';
import { type ModelCallStart, modelCalls } from '../src/recorders/model-calls.ts';
import { libraries } from './libraries.ts';

/** Tells of the requests that no wire sees, as a wire would. */
export interface UnseenRequests {
  /** What a command asks for: its model's id or ARN, and how its path ends. */
  describe(modelId: string, method: string): Pick<ModelCallStart, 'operation' | 'model' | 'streaming'>;
  open(request: object): UnseenRequest | undefined;
  close(): void;
}

interface UnseenRequest {
  answered(response: object): void;
  failed(error: unknown): void;
}

interface Options {
  readonly requests?: () => UnseenRequests;
}

/** The client, with the stack through which all of its requests go. */
interface BedrockClient {
  readonly middlewareStack: {
    add(middleware: Middleware, options: object): void;
    addRelativeTo?: unknown;
    remove(name: string): boolean;
  };
  readonly config?: { readonly requestHandler?: { readonly metadata?: { readonly handlerProtocol?: unknown } } };
}

type Handler = (args: StackArguments) => Promise<StackResult>;
type Middleware = (next: Handler, execution: Execution) => Handler;

interface StackArguments {
  readonly input?: { readonly modelId?: unknown };
  readonly request?: object;
}

interface StackResult {
  readonly response?: object;
}

interface Execution {
  readonly commandName?: unknown;
  readonly __smithy_context?: { readonly abortSignal?: unknown };
}

/** The commands that ask a model, and how their paths end. */
const COMMANDS: ReadonlyMap<unknown, string> = new Map([
  ['ConverseCommand', 'converse'],
  ['ConverseStreamCommand', 'converse-stream'],
  ['InvokeModelCommand', 'invoke'],
  ['InvokeModelWithResponseStreamCommand', 'invoke-with-response-stream'],
]);

const HOOK = 'the hook of Bedrock';
const CALL = 'gaugewayCall';
const EXCHANGE = 'gaugewayExchange';

/**
 * AWS Bedrock, through the middleware of its own client: one call for all attempts of a command. What the client sends by
 * HTTP/2, as it does unless told otherwise, is read here; what it sends by HTTP/1.1 the wire sees.
 */
export const bedrockInstrumentation = defineInstrumentation<Options>({
  ...libraries.bedrock,
  hook: ({ BedrockRuntimeClient }: { BedrockRuntimeClient?: { readonly prototype: object } }, options) =>
    patch(BedrockRuntimeClient?.prototype, options),
});

const KEY = Symbol.for('gaugeway.bedrock.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By prototype, because `import` and `require` of one class may arrive here as two namespaces. */
const patched: WeakMap<object, () => void> = shared[KEY];

type Send = (this: BedrockClient, ...args: unknown[]) => unknown;

function patch(prototype: object | undefined, { requests }: Options): (() => void) | undefined {
  const send = (prototype as { send?: unknown } | undefined)?.send as Send | undefined;
  if (prototype === undefined || typeof send !== 'function' || requests === undefined) return undefined;
  const existing = patched.get(prototype);
  if (existing !== undefined) return existing;
  const own = Object.getOwnPropertyDescriptor(prototype, 'send');
  const unseen = requests();
  const clients = new KnownClients();
  let isActive = true;

  const watched = new Proxy(send, {
    apply(original, client: BedrockClient, args) {
      if (isActive && clients.add(client)) guarded(HOOK, () => joinStack(client, unseen));
      return Reflect.apply(original, client, args);
    },
  });
  Object.defineProperty(prototype, 'send', { value: watched, writable: true, configurable: true, enumerable: false });

  const restore = (): void => {
    isActive = false;
    patched.delete(prototype);
    for (const client of clients) guarded(HOOK, () => leaveStack(client));
    unseen.close();
    // Somebody may have patched on top of us; taking theirs away as well would be worse than an idle layer.
    if (Object.getOwnPropertyDescriptor(prototype, 'send')?.value !== watched) return;
    if (own === undefined) delete (prototype as { send?: unknown }).send;
    else Object.defineProperty(prototype, 'send', own);
  };
  patched.set(prototype, restore);
  return restore;
}

function joinStack(client: BedrockClient, unseen: UnseenRequests): void {
  const { middlewareStack } = client;
  const outermost = { step: 'initialize', priority: 'high', name: CALL, override: true };
  middlewareStack.add(callMiddleware(unseen), outermost);
  // What it hands on goes to the network, once for each attempt.
  const innermost = { step: 'deserialize', priority: 'low', name: EXCHANGE, override: true };
  middlewareStack.add(exchangeMiddleware(client, unseen), innermost);
}

function leaveStack({ middlewareStack }: BedrockClient): void {
  for (const name of [CALL, EXCHANGE]) middlewareStack.remove(name);
}

/** The clients that were seen and are still there: some applications make one for each request. */
class KnownClients {
  readonly #known = new WeakSet<BedrockClient>();
  readonly #references = new Set<WeakRef<BedrockClient>>();
  readonly #gone = new FinalizationRegistry<WeakRef<BedrockClient>>((reference) => this.#references.delete(reference));

  /** True if it was not known. */
  add(client: BedrockClient): boolean {
    if (this.#known.has(client)) return false;
    this.#known.add(client);
    const reference = new WeakRef(client);
    this.#references.add(reference);
    this.#gone.register(client, reference);
    return true;
  }

  *[Symbol.iterator](): Generator<BedrockClient> {
    for (const reference of this.#references) {
      const client = reference.deref();
      if (client !== undefined) yield client;
    }
  }
}

/** Around all attempts of a command. */
function callMiddleware(unseen: UnseenRequests): Middleware {
  return (next, { commandName, __smithy_context: smithy }) => {
    const method = COMMANDS.get(commandName);
    if (method === undefined) return next;
    return (args) => {
      const send = () => next(args);
      if (!isObserved() || isTracingSuppressed(context.active())) return send();
      return modelCalls.request(send, (begin) => {
        const id = args.input?.modelId;
        const asked = unseen.describe(typeof id === 'string' ? id : '', method);
        begin({ provider: 'aws.bedrock', ...asked }, { signal: signalOf(smithy) });
      });
    };
  };
}

/** Around one attempt. */
function exchangeMiddleware(client: BedrockClient, unseen: UnseenRequests): Middleware {
  return (next, { commandName, __smithy_context: smithy }) => {
    if (!COMMANDS.has(commandName)) return next;
    return (args) => {
      let sent: UnseenRequest | undefined;
      guarded(HOOK, () => {
        const { request } = args;
        // Ended before it began, it does not get to the network.
        const isOver = signalOf(smithy)?.aborted === true;
        if (request !== undefined && !isOver && isObserved() && isHttp2(client)) sent = unseen.open(request);
      });
      const answer = next(args);
      if (sent === undefined) return answer;
      const exchange = sent;
      return answer.then(
        (result) => {
          guarded(HOOK, () => exchange.answered(result.response ?? {}));
          return result;
        },
        (error: unknown) => {
          guarded(HOOK, () => exchange.failed(error));
          throw error;
        },
      );
    };
  };
}

function signalOf(smithy: Execution['__smithy_context']): AbortSignal | undefined {
  const signal = smithy?.abortSignal;
  return signal instanceof AbortSignal ? signal : undefined;
}

/** The others are clients of `node:http` and of `fetch`, which the wires see. */
function isHttp2({ config }: BedrockClient): boolean {
  return config?.requestHandler?.metadata?.handlerProtocol === 'h2';
}
