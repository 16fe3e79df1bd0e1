import type { ModelEndpoint } from '../../src/options.ts';
import { APIS, type Api, lastWord } from './apis.ts';
import type { Format } from './formats/format.ts';
import { providerOfHost, providerOfPath } from './providers.ts';

/** A request that is a model call. */
export interface ModelRequest {
  readonly provider: string;
  readonly format: Format;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** Longest path that is looked at: an API's path is short, a hostile one need not be. */
const MAX_PATH = 512;
/** Origins remembered; a crawler visits more than a gateway. */
const MAX_ORIGINS = 1000;
/** Paths remembered of each; Gemini and Azure have one for each model. */
const MAX_PATHS = 200;

interface Base {
  readonly path: string;
  readonly provider: string;
}

interface Origin {
  readonly serverAddress: string;
  readonly serverPort: number;
  /** Known provider of the whole host. */
  readonly provider: string | undefined;
  /** Configured base paths on this host, longest first. */
  readonly bases: readonly Base[];
  /** What its paths are, null for those that are no model call. */
  readonly requests: Map<string, ModelRequest | null>;
}

/** Tells which requests are model calls; anything else costs a look at its method and at the end of its path. */
export class Endpoints {
  readonly #configured: readonly { readonly url: URL; readonly provider: string }[];
  readonly #origins = new Map<string, Origin | undefined>();
  /** Most model calls go where the one before went. */
  #last: { readonly origin: string; readonly path: string; readonly found: ModelRequest } | undefined;

  constructor(configured: readonly ModelEndpoint[]) {
    this.#configured = configured.map(({ url, provider }) => ({ url: new URL(url), provider }));
  }

  find(method: string, origin: string, path: string): ModelRequest | undefined {
    if (method !== 'POST') return undefined;
    if (this.#last?.path === path && this.#last.origin === origin) return this.#last.found;
    const found = this.#find(origin, path);
    if (found !== undefined) this.#last = { origin, path, found };
    return found;
  }

  #find(origin: string, path: string): ModelRequest | undefined {
    const query = path.indexOf('?');
    const end = query === -1 ? path.length : query;
    if (end > MAX_PATH) return undefined;
    const pathname = query === -1 ? path : path.slice(0, query);
    // Before the host: most requests of an application are told apart here, and a new host costs a URL to be parsed.
    const word = lastWord(pathname);
    const candidates = Object.hasOwn(APIS, word) ? APIS[word] : undefined;
    if (candidates === undefined) return undefined;
    const known = this.#origin(origin);
    if (known === undefined) return undefined;
    let found = known.requests.get(pathname);
    if (found === undefined) {
      found = this.#describeRequest(known, pathname, candidates) ?? null;
      if (known.requests.size >= MAX_PATHS) known.requests.clear();
      known.requests.set(pathname, found);
    }
    return found ?? undefined;
  }

  #describeRequest(known: Origin, pathname: string, candidates: readonly Api[]): ModelRequest | undefined {
    const base = known.bases.find((candidate) => `${pathname}/`.startsWith(`${candidate.path}/`));
    const provider = base?.provider ?? providerOfPath(known.provider, pathname);
    const api = candidates.find((candidate) => fits(candidate, pathname, provider, base, known.serverPort));
    if (api === undefined) return undefined;
    return {
      // Where nothing but the API tells whose it is, one that only one provider has does.
      provider: provider ?? api.only ?? 'custom',
      format: api.format,
      serverAddress: known.serverAddress,
      serverPort: known.serverPort,
    };
  }

  /** The same request to another host. */
  moved(request: ModelRequest, origin: string): ModelRequest {
    const { serverAddress, serverPort } = this.#origin(origin) ?? request;
    return { ...request, serverAddress, serverPort };
  }

  #origin(origin: string): Origin | undefined {
    const known = this.#origins.get(origin);
    if (known !== undefined || this.#origins.has(origin)) return known;
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    const described = this.#describe(origin);
    this.#origins.set(origin, described);
    return described;
  }

  #describe(origin: string): Origin | undefined {
    if (!URL.canParse(origin)) return undefined;
    const url = new URL(origin);
    const host = url.hostname;
    return {
      serverAddress: host.replace(/^\[(.*)\]$/, '$1'),
      serverPort: Number(url.port) || (url.protocol === 'http:' ? 80 : 443),
      provider: providerOfHost(host),
      bases: this.#configured
        .filter(({ url: base }) => base.origin === url.origin)
        .map(({ url: base, provider }) => ({ path: base.pathname.replace(/\/$/, ''), provider }))
        .sort((a, b) => b.path.length - a.path.length),
      requests: new Map(),
    };
  }
}

function fits(
  { path, anywhere, only, port }: Api,
  pathname: string,
  provider: string | undefined,
  base: Base | undefined,
  serverPort: number,
): boolean {
  // What only one provider has is told by the whole path; a base URL of the user's may stand before it.
  if (base !== undefined) return path.test(only === undefined ? pathname : pathname.slice(base.path.length));
  if (provider !== undefined) return (only === undefined || only === provider) && path.test(pathname);
  return anywhere?.test(pathname) === true || (port === serverPort && path.test(pathname));
}
