import { afterAll, afterEach, expect, it } from 'vitest';
import { startReceiver } from '../helpers/receiver.ts';
import { CALLS, MODEL, OLDER, runAiApp } from './ai-sdk-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

it.each(OLDER)('leaves nothing on a signal that outlives the streams which failed: $alias', async ({ alias }) => {
  const source = `import { getEventListeners } from 'node:events';
    import { streamText } from 'ai';
    class Failing {
      supportedUrls = {}; provider = 'mine'; modelId = 'mine'; specificationVersion = '${alias === 'ai-5' ? 'v2' : 'v3'}';
      async doStream() { throw new TypeError('mine'); }
    }
    const { signal } = new AbortController();
    for (let call = 0; call < 12; call++) {
      await streamText({ model: new Failing(), prompt: 'Hi', abortSignal: signal, onError() {} }).consumeStream({ onError() {} });
    }
    console.log(getEventListeners(signal, 'abort').length);`;
  const end = await runAiApp(alias, source, receiver.env);
  expect(end).toMatchObject({ code: 0, stdout: '0\n', stderr: '' });
  expect(receiver.total(CALLS, { [MODEL]: 'mine' })).toBe(12);
});
