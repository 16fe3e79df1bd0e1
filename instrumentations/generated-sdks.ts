import { isTracingSuppressed } from '@opentelemetry/core';
import { defineInstrumentation } from '../src/instrumentation.ts';
import { hookFailed, isObserved } from '../src/observe.ts';
import { activeContext } from '../src/recorders/inbound.ts';
import { type BeginRequest, type ModelCallStart, modelCalls, type SdkRequest } from '../src/recorders/model-calls.ts';
import { libraries } from './libraries.ts';

/** Tells which requests are model calls, as the wire does. */
export interface ModelRequests {
  find(method: string, origin: string, path: string): KnownRequest | undefined;
}

interface KnownRequest extends Pick<ModelCallStart, 'provider' | 'serverAddress' | 'serverPort'> {
  readonly format: { readonly operation: string };
}

interface Options {
  readonly requests?: ModelRequests;
}

/*
 * The SDKs of one generator share an internal method, `makeRequest`: all of a request, with its retries, up to the head of
 * the answer, as a plain promise that the objects of the SDK are built on. Run inside of a call, its attempts are told
 * apart from calls by the wire; nothing that the application gets is touched.
 */

/** openai: one call for all attempts of a request, which the wire alone would count as calls. */
export const openaiInstrumentation = defineInstrumentation<Options>({
  ...libraries.openai,
  hook: ({ OpenAI }: { OpenAI?: SdkClass }, options) => patch(OpenAI, options),
});

/** @anthropic-ai/sdk: as openai; spans that it makes itself are kept, and there is no second one. */
export const anthropicAiSdkInstrumentation = defineInstrumentation<Options>({
  ...libraries.anthropicAiSdk,
  hook: ({ Anthropic }: { Anthropic?: SdkClass }, options) => patch(Anthropic, options),
});

/** groq-sdk: as openai. */
export const groqSdkInstrumentation = defineInstrumentation<Options>({
  ...libraries.groqSdk,
  hook: ({ Groq }: { Groq?: SdkClass }, options) => patch(Groq, options),
});

interface SdkClass {
  readonly prototype: object;
}

/** What the method reads of the client it is called on. */
interface SdkClient {
  readonly baseURL?: unknown;
  readonly timeout?: unknown;
}

/** What a request is made with, once the SDK has put it together. */
interface RequestOptions {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly body?: unknown;
  readonly stream?: unknown;
  readonly signal?: unknown;
  readonly timeout?: unknown;
}

type MakeRequest = (...args: unknown[]) => Promise<unknown>;

const METHOD = 'makeRequest';
const KEY = Symbol.for('gaugeway.generated-sdks.1');
const shared = globalThis as { [KEY]?: WeakMap<object, () => void> };
shared[KEY] ??= new WeakMap();
/** By prototype, because `import` and `require` of one class may arrive here as two namespaces. */
const patched: WeakMap<object, () => void> = shared[KEY];

function patch(sdk: SdkClass | undefined, { requests }: Options): (() => void) | undefined {
  const prototype = ownerOf(sdk?.prototype);
  if (prototype === undefined || requests === undefined) return undefined;
  const existing = patched.get(prototype);
  if (existing !== undefined) return existing;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, METHOD) as PropertyDescriptor & { value: MakeRequest };

  let active = true;
  const original = descriptor.value;
  const find = remembering(requests);
  // With all that the original has on it, as another instrumentation may have left its mark there.
  const makeRequest = function (this: SdkClient, ...args: unknown[]): Promise<unknown> {
    const isMeasured = active && isObserved() && isFirst(args);
    return isMeasured ? measure(original, this, args, find) : Reflect.apply(original, this, args);
  };
  Object.defineProperties(makeRequest, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(prototype, METHOD, { ...descriptor, value: makeRequest });
  const restore = () => {
    active = false;
    patched.delete(prototype);
    // Somebody may have patched on top of us; taking theirs away as well would be worse than an idle layer.
    if (Object.getOwnPropertyDescriptor(prototype, METHOD)?.value === makeRequest) {
      Object.defineProperty(prototype, METHOD, descriptor);
    }
  };
  patched.set(prototype, restore);
  return restore;
}

/** The class of the client has the method from a base class in some versions. */
function ownerOf(prototype: object | undefined): object | undefined {
  let owner: object | null | undefined = prototype;
  while (owner && !Object.hasOwn(owner, METHOD)) owner = Object.getPrototypeOf(owner);
  return owner && typeof Object.getOwnPropertyDescriptor(owner, METHOD)?.value === 'function' ? owner : undefined;
}

/** A retry calls the method again, with what it retries as its third argument; openai 4 with the retries that are left. */
function isFirst(args: readonly unknown[]): boolean {
  return args.length > 2 ? args[2] === undefined : args[1] === undefined || args[1] === null;
}

/** The SDK waits for its options itself, so that nothing happens earlier or in another order. */
function measure(original: MakeRequest, client: SdkClient, args: unknown[], find: Find): Promise<unknown> {
  const options = args[0];
  // Whoever brings a promise of their own kind gets the SDK as it is.
  if (isThenable(options) && options.then !== Promise.prototype.then) return Reflect.apply(original, client, args);
  return modelCalls.request(
    () => Reflect.apply(original, client, args),
    (begin) => {
      if (!isThenable(options)) tell(begin, client, options as RequestOptions, find);
      // Before the SDK goes on, as it asks after this; what fails here fails there.
      else options.then((known) => tell(begin, client, known as RequestOptions, find), noop);
    },
  );
}

function noop(): void {}

function tell(begin: BeginRequest, client: SdkClient, options: RequestOptions, find: Find): void {
  try {
    const start = describe(client, options, find);
    if (start !== undefined) begin(start, limitsOf(client, options));
  } catch (error) {
    hookFailed('the hook of an SDK', error);
  }
}

function describe(
  client: SdkClient,
  { method, path, body, stream: isStream }: RequestOptions,
  find: Find,
): ModelCallStart | undefined {
  if (typeof method !== 'string' || typeof path !== 'string' || typeof client.baseURL !== 'string') return undefined;
  const found = find(method, client.baseURL, path);
  if (found === undefined) return undefined;
  const active = activeContext();
  if (isTracingSuppressed(active)) return undefined;
  const { model, stream = isStream } = (typeof body === 'object' && body !== null ? body : {}) as {
    model?: unknown;
    stream?: unknown;
  };
  const { provider, format, serverAddress, serverPort } = found;
  return {
    provider,
    operation: format.operation,
    model: typeof model === 'string' && model !== '' ? model : undefined,
    streaming: stream === true,
    serverAddress,
    serverPort,
    context: active,
  };
}

function limitsOf(client: SdkClient, { signal, timeout = client.timeout }: RequestOptions): SdkRequest {
  return {
    signal: signal instanceof AbortSignal ? signal : undefined,
    timeoutMs: typeof timeout === 'number' ? timeout : undefined,
  };
}

type Find = (method: string, baseURL: string, path: string) => KnownRequest | undefined;

/** Most requests ask for what the one before asked for: to put an address together costs more than to look. */
function remembering(requests: ModelRequests): Find {
  let last: { readonly method: string; readonly baseURL: string; readonly path: string } | undefined;
  let found: KnownRequest | undefined;
  return (method, baseURL, path) => {
    if (last?.path === path && last.baseURL === baseURL && last.method === method) return found;
    const { origin, base } = addressOf(baseURL);
    const isWhole = !path.startsWith('/') && URL.canParse(path);
    const url = isWhole ? new URL(path) : { origin, pathname: base + path };
    found = requests.find(method.toUpperCase(), url.origin, url.pathname);
    last = { method, baseURL, path };
    return found;
  };
}

/** Base addresses that were taken apart; a client has one, and an application few clients. */
const MAX_ADDRESSES = 100;
const addresses = new Map<string, { readonly origin: string; readonly base: string }>();

function addressOf(baseURL: string): { readonly origin: string; readonly base: string } {
  let address = addresses.get(baseURL);
  if (address === undefined) {
    const { origin, pathname } = new URL(baseURL);
    address = { origin, base: pathname.replace(/\/$/, '') };
    if (addresses.size >= MAX_ADDRESSES) addresses.clear();
    addresses.set(baseURL, address);
  }
  return address;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
