import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { wireInstrumentation } from '../../../instrumentations/wire.ts';
import type { Observation } from '../../../src/observations.ts';
import { observe } from '../../../src/observe.ts';

let mock: MockProvider;
beforeAll(async () => {
  mock = await startMockProvider();
});
afterAll(() => mock.close());

it('a configured base URL holds for whole segments of the path: /v1 is not the base of /v1beta', async () => {
  const seen: Observation[] = [];
  const stop = observe({ observed: (observation) => void seen.push(observation) });
  const wire = wireInstrumentation({
    modelEndpoints: [
      { provider: 'one', url: `${mock.url}/v1` },
      { provider: 'two', url: `${mock.url}/v2/` },
      { provider: 'three', url: `${mock.url}/v3/chat/completions` },
    ],
  });
  wire.enable();
  try {
    for (const path of ['v1', 'v1beta', 'v2', 'v3']) {
      const body = JSON.stringify({ model: 'gpt-5-mini', messages: [] });
      await (await fetch(`${mock.url}/${path}/chat/completions`, { method: 'POST', body })).text();
    }
    const providers = () => seen.flatMap((one) => (one.kind === 'model_call' ? [one.provider] : []));
    await expect.poll(providers).toEqual(['one', 'custom', 'two', 'three']);
  } finally {
    wire.disable();
    stop();
  }
});
