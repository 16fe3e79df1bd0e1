import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startReceiver } from './helpers/receiver.ts';
import { type AppEnd, type AppOptions, NODES, REGISTER, runApp } from './helpers/run-app.ts';

const receiver = await startReceiver();
afterEach(() => receiver.reset());
afterAll(() => receiver.close());

const RECORD = `
  import { operations } from 'gaugeway';
  await operations.run('work', async () => undefined);
`;
const recorded = (): number => receiver.total('gaugeway.operation.duration', { 'gaugeway.operation.name': 'work' });

const run = (options: AppOptions): Promise<AppEnd> =>
  runApp({ flags: REGISTER, ...options, env: { ...receiver.env, ...options.env } });

/** Sends the signal as soon as the program says that it is ready. */
const signalled = (signal: NodeJS.Signals): Pick<AppOptions, 'onStdout'> => {
  let isSent = false;
  return {
    onStdout(text, kill) {
      if (isSent || !text.includes('ready')) return;
      isSent = true;
      kill(signal);
    },
  };
};

describe.each(NODES)('on Node %s', (node) => {
  it('a natural end exports what was recorded last', async () => {
    const end = await run({ node, source: `${RECORD} process.exitCode = 4;` });
    expect(end).toMatchObject({ code: 4, signal: null, stdout: '', stderr: '' });
    expect(recorded()).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the program by that signal, after an export', async (signal) => {
    const end = await run({
      node,
      source: `${RECORD} setInterval(() => {}, 1000); console.log('ready');`,
      ...signalled(signal),
    });
    expect(end).toMatchObject({ code: null, signal, stderr: '' });
    expect(recorded()).toBe(1);
  });

  it('an application that drains on SIGTERM drains as long as it likes, and what it does then is exported', async () => {
    const source = `${RECORD}
      const timer = setInterval(() => {}, 1000);
      process.on('SIGTERM', () => setTimeout(async () => {
        await operations.run('work', async () => undefined);
        clearInterval(timer);
        process.exitCode = 7;
      }, 300));
      console.log('ready');`;
    expect(await run({ node, source, ...signalled('SIGTERM') })).toMatchObject({ code: 7, signal: null, stderr: '' });
    expect(recorded()).toBe(2);
  });

  it.each([
    ['an uncaught error', `setTimeout(() => { throw new TypeError('mine'); });`],
    ['an unhandled rejection', `Promise.reject(new TypeError('mine'));`],
    ['an unhandled rejection of no error', `Promise.reject({ mine: 1 });`],
    ['process.exit', `process.exit(3);`],
    ['process.exit in the midst of an export', `setTimeout(() => process.exit(3), 20);`],
    ['SIGKILL', `process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});`],
    ['a top-level await that never settles', `await new Promise(() => {});`],
  ])('%s ends the program as without gaugeway', async (_, ending) => {
    const source = `const ended = 'so'; ${ending}`;
    const bare = await runApp({ node, source });
    const measured = await run({ node, source });
    const paths = /file:\S*app\.mjs/g;
    expect(measured.stderr.replaceAll(paths, 'app')).toBe(bare.stderr.replaceAll(paths, 'app'));
    expect([measured.code, measured.signal, measured.stdout]).toEqual([bare.code, bare.signal, bare.stdout]);
  });
});

it('a handler of the kind of signal-exit, which counts listeners, ends the program', async () => {
  const source = `
    const listener = () => {
      if (process.listeners('SIGTERM').length !== 1) return;
      process.off('SIGTERM', listener);
      process.kill(process.pid, 'SIGTERM');
    };
    process.on('SIGTERM', listener);
    setInterval(() => {}, 1000);
    console.log('ready');`;
  expect(await run({ source, ...signalled('SIGTERM') })).toMatchObject({ signal: 'SIGTERM', stderr: '' });
});

it('a handler that outlives its signal meets the next one too, and the export goes with each', async () => {
  const source = `${RECORD}
    let count = 0;
    process.on('SIGINT', () => {
      count += 1;
      if (count === 1) setTimeout(() => process.kill(process.pid, 'SIGINT'), 500);
      else process.exitCode = 5, clearInterval(timer);
    });
    const timer = setInterval(() => {}, 1000);
    console.log('ready');`;
  expect(await run({ source, ...signalled('SIGINT') })).toMatchObject({ code: 5, signal: null, stderr: '' });
  expect(receiver.requests.filter(({ path }) => path === '/v1/metrics').length).toBeGreaterThanOrEqual(2);
});

it('what the application does on beforeExit is exported, and its loop ends when it ends', async () => {
  const source = `${RECORD}
    let rounds = 0;
    process.on('beforeExit', () => {
      if (++rounds > 3) return;
      setTimeout(() => operations.run('work', async () => undefined), 200);
    });`;
  expect(await run({ source })).toMatchObject({ code: 0, stderr: '' });
  expect(recorded()).toBe(4);
});

it('a worker exports before it ends by itself, and its process.exit keeps its code', async () => {
  const source = `
    import { Worker, isMainThread } from 'node:worker_threads';
    import { operations } from 'gaugeway';
    if (isMainThread) {
      const one = new Worker(new URL(import.meta.url), { argv: ['natural'] });
      one.on('exit', (code) => {
        console.log('natural', code);
        new Worker(new URL(import.meta.url), { argv: ['exit'] }).on('exit', (code) => console.log('exit', code));
      });
    } else {
      await operations.run('work', async () => undefined);
      if (process.argv[2] === 'exit') process.exit(6);
    }`;
  const end = await run({ source });
  expect(end).toMatchObject({ code: 0, stdout: 'natural 0\nexit 6\n', stderr: '' });
  expect(recorded()).toBe(1);
});

it('an empty program ends at once and by itself, with and without a Collector', async () => {
  expect(await run({ source: '' })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const without = await run({ source: '', env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } });
  expect(without).toMatchObject({ code: 0, stdout: '' });
  expect(without.stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^gaugeway: metrics cannot be sent to http:\/\/127\.0\.0\.1:9\/v1\/metrics: .*ECONNREFUSED/),
  ]);
});

it('flush() and shutdown() of an application hold it until they are done', async () => {
  const source = `
    import { operations } from 'gaugeway';
    import { setup } from 'gaugeway/setup';
    const handle = setup();
    await operations.run('work', async () => undefined);
    await handle.flush();
    console.log('flushed');
    await Promise.all([handle.shutdown(), handle.shutdown()]);
    await handle.shutdown();
    console.log('down');`;
  expect(await run({ source })).toMatchObject({ code: 0, stdout: 'flushed\ndown\n', stderr: '' });
  expect(recorded()).toBe(1);
});
