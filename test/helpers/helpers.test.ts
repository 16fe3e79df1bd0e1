import { afterAll, expect, it } from 'vitest';
import { startReceiver } from './receiver.ts';
import { NODES, REGISTER, runApp } from './run-app.ts';

const receiver = await startReceiver();
afterAll(() => receiver.close());

it.each(NODES)('an application on Node %s is run with our flag and its points and spans are received', async (node) => {
  receiver.reset();
  const source = `
    import { modelCalls } from 'gaugeway';
    await modelCalls.run({ provider: 'custom', model: 'm' }, async (call) => { call.end({ usage: { input: 3, output: 4 } }); });
    console.log(process.version);
    process.exitCode = 3;
  `;
  const end = await runApp({ node, source, flags: REGISTER, env: receiver.env });
  expect(end).toMatchObject({ code: 3, signal: null, stderr: '' });
  expect(end.stdout).toMatch(new RegExp(`^v${node}\\.`));
  expect(receiver.total('gen_ai.client.operation.duration', { 'gen_ai.request.model': 'm' })).toBe(1);
  expect(receiver.points('gen_ai.client.token.usage', { 'gen_ai.token.type': 'output' })[0]?.sum).toBe(4);
  expect(receiver.spans.map(({ name, kind, scope }) => ({ name, kind, scope }))).toEqual([
    { name: 'chat m', kind: 3, scope: 'gaugeway' },
  ]);
  expect(receiver.requests.every(({ encoding }) => encoding === 'gzip')).toBe(true);
});
