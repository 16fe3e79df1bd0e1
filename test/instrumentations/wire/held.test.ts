import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { queryObjects } from 'node:v8';
import { afterAll, expect, it, vi } from 'vitest';
import { startMockProvider } from '../../../examples/mock-provider/index.ts';
import { Exchange } from '../../../instrumentations/wire/exchange.ts';
import { wireInstrumentation } from '../../../instrumentations/wire.ts';
import { observe } from '../../../src/index.ts';
import { CLOSED_URL } from './lifecycles.ts';

const mock = await startMockProvider();
afterAll(() => mock.close());

const CREATED = 'undici:request:create';

it('an exchange that is over is not held by its request, which an answer may hold for long', async () => {
  const requests: unknown[] = [];
  const hold = (message: unknown): void => void requests.push((message as { request: unknown }).request);
  subscribe(CREATED, hold);
  const outcomes: string[] = [];
  const stop = observe({
    observed: (observation) => observation.kind === 'model_call' && outcomes.push(observation.outcome),
  });
  const wire = wireInstrumentation({ modelEndpoints: [] });
  wire.enable();
  const ask = (url: string): Promise<string> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [] }),
    })
      .then((response) => response.text())
      .catch(String);
  const answered = ask(mock.url);
  await vi.waitFor(() => expect(requests).toHaveLength(1), { interval: 0 });
  expect(queryObjects(Exchange, { format: 'count' })).toBe(1);
  await answered;
  await ask(CLOSED_URL);
  expect([requests.length, outcomes]).toEqual([2, ['success', 'error']]);
  expect(queryObjects(Exchange, { format: 'count' })).toBe(0);
  wire.disable();
  stop();
  unsubscribe(CREATED, hold);
});
