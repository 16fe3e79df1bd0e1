/* The same call through a proxy, by every client that knows one; what the application sees goes to stdout. */
const { HTTP_URL = '', HTTPS_URL = '', PROXY_URL = '', CA = '' } = process.env;
const PATH = '/v1/chat/completions';

const bodyOf = (model: string): string => JSON.stringify({ model, messages: [] });
const headers = { 'content-type': 'application/json' };
const textOf = (body: unknown): unknown => (body as { usage: { total_tokens: number } }).usage.total_tokens;

async function undici(name: string, base: string, model: string): Promise<unknown> {
  const { fetch: send, ProxyAgent } = await import(name);
  const dispatcher = new ProxyAgent({ uri: PROXY_URL, requestTls: { ca: CA } });
  const response = await send(base + PATH, { method: 'POST', headers, body: bodyOf(model), dispatcher });
  const answer = await response.json();
  await dispatcher.close();
  return textOf(answer);
}

async function axios(base: string, model: string): Promise<unknown> {
  const { default: client } = await import('axios');
  const { hostname, port } = new URL(PROXY_URL);
  const proxy = { protocol: 'http', host: hostname, port: Number(port) };
  return textOf((await client.post(base + PATH, bodyOf(model), { headers, proxy })).data);
}

async function openAi4(base: string, model: string): Promise<unknown> {
  const [{ default: OpenAI }, { HttpsProxyAgent }] = await Promise.all([
    import('openai-4'),
    import('https-proxy-agent' as string),
  ]);
  const httpAgent = new HttpsProxyAgent(PROXY_URL);
  const client = new OpenAI({ apiKey: 'sk-mock', baseURL: `${base}/v1`, maxRetries: 0, httpAgent });
  const answer = textOf(await client.chat.completions.create({ model, messages: [] }));
  httpAgent.destroy();
  return answer;
}

/** Node's own, by its environment. */
async function nodeItself(base: string, model: string): Promise<unknown> {
  const { request } = await import(base.startsWith('https') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const asked = request(base + PATH, { method: 'POST', headers }, async (response: AsyncIterable<Buffer>) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(textOf(JSON.parse(text)));
    });
    asked.on('error', reject);
    asked.end(bodyOf(model));
  });
}

async function main(): Promise<void> {
  const clients: Record<string, (base: string, model: string) => Promise<unknown>> = {
    'undici-6': (base, model) => undici('undici-6', base, model),
    'undici-7': (base, model) => undici('undici-7', base, model),
    undici: (base, model) => undici('undici', base, model),
    axios,
    'openai-4': openAi4,
    node: nodeItself,
    fetch: async (base, model) =>
      textOf(await (await fetch(base + PATH, { method: 'POST', headers, body: bodyOf(model) })).json()),
  };
  const results: Record<string, unknown> = {};
  for (const [name, send] of Object.entries(clients)) {
    // Node's own clients take a proxy from the environment, and the others are told of it.
    if ((name === 'node' || name === 'fetch') !== (process.env.NODE_USE_ENV_PROXY === '1')) continue;
    for (const base of [HTTP_URL, HTTPS_URL]) {
      const model = `${name}.${new URL(base).protocol.slice(0, -1)}`;
      try {
        results[model] = await send(base, model);
      } catch (error) {
        const { message, cause } = error as Error;
        results[model] = `${message} ${cause instanceof Error ? cause.message : ''}`;
      }
    }
  }
  process.stdout.write(JSON.stringify(results));
}

void main();
