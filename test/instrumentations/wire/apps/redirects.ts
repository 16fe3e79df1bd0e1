/* Requests that are redirected, through every client that follows; what the application sees goes to stdout. */
import { modelCalls } from 'gaugeway';

const BASE = process.env.BASE_URL ?? '';
const NONE = { messages: [] };

interface Ask {
  readonly model: string;
  readonly status: number;
  readonly redirect?: 'manual' | 'error';
  /** What the second hop answers with. */
  readonly last?: number;
}
type Post = (ask: Ask) => Promise<unknown>;

const headersOf = ({ status, last = 200 }: Ask) => ({
  'content-type': 'application/json',
  'x-redirect': `${status},${last}`,
});
const urlOf = ({ model }: Ask) => `${BASE}/v1/chat/completions?model=${model}`;

const viaFetch: Post = async (ask) => {
  const response = await fetch(urlOf(ask), {
    method: 'POST',
    headers: headersOf(ask),
    body: JSON.stringify({ model: ask.model, ...NONE }),
    ...(ask.redirect && { redirect: ask.redirect }),
  });
  return [response.status, await response.text()];
};

const viaUndici: Post = async (ask) => {
  const { Agent, interceptors, request } = await import('undici');
  const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: 3 }));
  const body = JSON.stringify({ model: ask.model, ...NONE });
  const answer = await request(urlOf(ask), { method: 'POST', headers: headersOf(ask), body, dispatcher });
  const text = await answer.body.text();
  await dispatcher.close();
  return [answer.statusCode, text];
};

const viaAxios: Post = async (ask) => {
  const { default: axios } = await import('axios');
  const { status, data } = await axios.post(
    urlOf(ask),
    { model: ask.model, ...NONE },
    { headers: headersOf(ask), validateStatus: null, ...(ask.redirect && { maxRedirects: 0 }) },
  );
  return [status, data];
};

const viaNodeFetch: Post = async (ask) => {
  const name = 'node-fetch';
  const { default: send } = await import(name);
  const body = JSON.stringify({ model: ask.model, ...NONE });
  const { redirect } = ask;
  const response = await send(urlOf(ask), { method: 'POST', headers: headersOf(ask), body, redirect });
  return [response.status, await response.text()];
};

async function main(): Promise<void> {
  const clients = { fetch: viaFetch, undici: viaUndici, axios: viaAxios, 'node-fetch': viaNodeFetch };
  const results: Record<string, unknown> = {};
  const run = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      results[name] = await work();
    } catch (error) {
      results[name] = `${(error as Error).name} ${(error as Error).message}`;
    }
  };
  for (const [client, post] of Object.entries(clients)) {
    const of = (kind: string): string => `${client}.${kind}`;
    await run(of('307'), () => post({ model: of('307'), status: 307 }));
    await run(of('303'), () => post({ model: of('303'), status: 303 }));
    await run(of('failing'), () => post({ model: of('failing'), status: 308, last: 500 }));
    await run(of('enclosed'), () =>
      modelCalls.run({ provider: 'openai', model: of('enclosed') }, () => post({ model: of('enclosed'), status: 307 })),
    );
    await run(of('side-by-side'), () =>
      Promise.all(['a', 'b', 'c'].map((name) => post({ model: of(`beside-${name}`), status: 307 }))),
    );
  }
  await run('fetch.manual', () => viaFetch({ model: 'fetch.manual', status: 307, redirect: 'manual' }));
  await run('fetch.error', () => viaFetch({ model: 'fetch.error', status: 307, redirect: 'error' }));
  await run('axios.manual', () => viaAxios({ model: 'axios.manual', status: 307, redirect: 'manual' }));
  // The last thing that happens.
  await run('fetch.last', () => viaFetch({ model: 'fetch.last', status: 307, redirect: 'manual' }));
  process.stdout.write(JSON.stringify(results));
}

void main();
