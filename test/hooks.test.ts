import { expect, it } from 'vitest';
import { startReceiver } from './helpers/receiver.ts';
import { NODES, REGISTER, runApp } from './helpers/run-app.ts';

/** Makes packages of this application's own, each loaded as an ES module and as CommonJS, by two files each. */
const APP = `
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { createRequire } from 'node:module';
  const write = (name, version, source) => {
    const folder = new URL('./node_modules/' + name + '/', import.meta.url);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL('package.json', folder), JSON.stringify({ name, version, main: 'index.js' }));
    writeFileSync(new URL('index.js', folder), source);
  };
  write('groq-sdk', '99.0.0', 'class Groq { makeRequest() { return Promise.resolve("own"); } } exports.Groq = Groq;');
  write('openai', '0.0.1', 'exports.answer = 42;');
  const require = createRequire(import.meta.url);
  for (const name of ['groq-sdk', 'openai']) {
    await import(name);
    require(name);
    require(name);
  }
  const { Groq } = require('groq-sdk');
  console.log(await new Groq().makeRequest({}), require('openai').answer);
`;

it.each(NODES)(
  'hooks tell whether they are active, idle or refused, by version, and complain once on Node %s',
  async (node) => {
    const receiver = await startReceiver();
    const end = await runApp({ node, source: APP, flags: REGISTER, env: receiver.env });
    await receiver.close();
    expect(end).toMatchObject({ code: 0, stdout: 'own 42\n' });
    expect(end.stderr.trim().split('\n').sort()).toEqual([
      expect.stringMatching(
        /^gaugeway: groq-sdk 99\.0\.0 was never tested with gaugeway \(.* is\); it is hooked, because its shape fits$/,
      ),
      expect.stringMatching(/^gaugeway: openai 0\.0\.1 is not hooked: its shape does not fit \(.* tested\)$/),
    ]);
    const hooks = receiver.points('gaugeway.self.hooks').map(({ value, attributes }) => {
      const { 'gaugeway.hook.name': name, 'gaugeway.hook.version': version, 'gaugeway.hook.state': state } = attributes;
      return [name, version, state, value];
    });
    expect(hooks).toContainEqual(['groq-sdk', '99.0.0', 'active', 1]);
    expect(hooks).toContainEqual(['openai', '0.0.1', 'refused', 1]);
    expect(hooks).toContainEqual(['@anthropic-ai/sdk', undefined, 'idle', 1]);
    expect(hooks).toContainEqual(['wire', undefined, 'active', 1]);
    const names = hooks.map(([name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  },
);
