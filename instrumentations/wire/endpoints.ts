import type { ModelEndpoint } from '../../src/options.ts';
import { anthropicMessages } from './formats/anthropic-messages.ts';
import type { Format } from './formats/format.ts';
import { gemini } from './formats/gemini.ts';
import { openAiChat } from './formats/openai-chat.ts';
import { openAiEmbeddings } from './formats/openai-embeddings.ts';
import { openAiResponses } from './formats/openai-responses.ts';

/** A request that is a model call. */
export interface ModelRequest {
  readonly provider: string;
  readonly format: Format;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** Hosts of providers; the names are those of the GenAI convention where it has one. */
const HOSTS: Readonly<Record<string, string>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'generativelanguage.googleapis.com': 'gcp.gemini',
  'aiplatform.googleapis.com': 'gcp.vertex_ai',
  'api.groq.com': 'groq',
  'api.mistral.ai': 'mistral_ai',
  'api.deepseek.com': 'deepseek',
  'api.x.ai': 'x_ai',
  'api.perplexity.ai': 'perplexity',
  'api.moonshot.ai': 'moonshot_ai',
  'api.together.xyz': 'together_ai',
  'openrouter.ai': 'openrouter',
};

/** Providers whose hosts hold a region or the customer's name. */
const HOST_SUFFIXES: readonly (readonly [suffix: string, provider: string])[] = [
  ['.openai.azure.com', 'azure.ai.openai'],
  ['-aiplatform.googleapis.com', 'gcp.vertex_ai'],
];

/** How a path ends tells the API; `anywhere` ones are so distinct that they count on unknown hosts too. */
const PATHS: readonly { readonly ends: RegExp; readonly anywhere: RegExp; readonly format: Format }[] = [
  { ends: /\/chat\/completions$/, anywhere: /\/chat\/completions$/, format: openAiChat },
  // Messages of a thread (`/v1/threads/x/messages`) are no model call.
  { ends: /\/v1\/messages$/, anywhere: /\/v1\/messages$/, format: anthropicMessages },
  { ends: /:(?:g|streamG)enerateContent$/, anywhere: /:(?:g|streamG)enerateContent$/, format: gemini },
  { ends: /\/responses$/, anywhere: /\/v1\/responses$/, format: openAiResponses },
  { ends: /\/embeddings$/, anywhere: /\/v1\/embeddings$/, format: openAiEmbeddings },
];

/** Longest path that is looked at: an API's path is short, a hostile one need not be. */
const MAX_PATH = 512;
/** Origins remembered; a crawler visits more than a gateway. */
const MAX_ORIGINS = 1000;

interface Origin {
  readonly serverAddress: string;
  readonly serverPort: number;
  /** Known provider of the whole host. */
  readonly provider: string | undefined;
  /** Configured base paths on this host, longest first. */
  readonly bases: readonly { readonly path: string; readonly provider: string }[];
}

/** Tells which requests are model calls; anything else costs a look at its method and at the end of its path. */
export class Endpoints {
  readonly #configured: readonly { readonly url: URL; readonly provider: string }[];
  readonly #origins = new Map<string, Origin | undefined>();

  constructor(configured: readonly ModelEndpoint[]) {
    this.#configured = configured.map(({ url, provider }) => ({ url: new URL(url), provider }));
  }

  find(method: string, origin: string, path: string): ModelRequest | undefined {
    if (method !== 'POST') return undefined;
    const query = path.indexOf('?');
    const end = query === -1 ? path.length : query;
    if (end > MAX_PATH) return undefined;
    const pathname = query === -1 ? path : path.slice(0, query);
    // Before the host: most requests of an application are told apart here, and a new host costs a URL to be parsed.
    const api = PATHS.find(({ ends }) => ends.test(pathname));
    if (api === undefined) return undefined;
    const known = this.#origin(origin);
    if (known === undefined) return undefined;
    const base = known.bases.find((candidate) => `${pathname}/`.startsWith(`${candidate.path}/`));
    const provider = base?.provider ?? known.provider;
    if (provider === undefined && !api.anywhere.test(pathname)) return undefined;
    return {
      provider: provider ?? 'custom',
      format: api.format,
      serverAddress: known.serverAddress,
      serverPort: known.serverPort,
    };
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
      provider:
        (Object.hasOwn(HOSTS, host) ? HOSTS[host] : undefined) ??
        HOST_SUFFIXES.find(([suffix]) => host.endsWith(suffix))?.[1],
      bases: this.#configured
        .filter(({ url: base }) => base.origin === url.origin)
        .map(({ url: base, provider }) => ({ path: base.pathname.replace(/\/$/, ''), provider }))
        .sort((a, b) => b.path.length - a.path.length),
    };
  }
}
