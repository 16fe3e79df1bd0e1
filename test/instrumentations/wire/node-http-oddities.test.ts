import { expect, it } from 'vitest';
import { startReceiver } from '../../helpers/receiver.ts';
import { NODES, REGISTER, runApp } from '../../helpers/run-app.ts';

const APP = 'test/instrumentations/wire/apps/node-http-oddities.ts';

/** Outcome, error type and tokens of each case; nothing of a request that is no model call, or is not to be seen. */
const TOLD: Readonly<Record<string, readonly [outcome: string, errorType?: string | undefined, tokens?: number]>> = {
  hints: ['success', undefined, 17],
  continue: ['success', undefined, 17],
  'no-content': ['success'],
  upgrade: ['abandoned', 'abandoned'],
  'unasked-upgrade': ['abandoned', 'abandoned'],
  garbage: ['error', 'HPE_INVALID_VERSION'],
  'garbage-later': ['error', 'HPE_INVALID_CHUNK_SIZE'],
  truncated: ['error', 'ECONNRESET'],
  'hung-up': ['error', 'ECONNRESET'],
  'until-close': ['success', undefined, 17],
  abort: ['aborted', 'aborted'],
  'abort-early': ['aborted', 'aborted'],
  'destroy-answer': ['aborted', 'aborted'],
  'destroy-answer-error': ['aborted', 'aborted'],
  'answer-timeout': ['timeout', 'timeout'],
  'request-timeout': ['timeout', 'timeout'],
  agent: ['aborted', 'aborted'],
  ignored: ['abandoned', 'abandoned'],
  list: ['success', undefined, 17],
  large: ['success', undefined, 17],
  paused: ['success', undefined, 17],
  reused: ['success', undefined, 3 * 17],
  fails: ['error', 'server_error'],
  succeeds: ['success', undefined, 17],
  mistakes: ['success', undefined, 17],
  piped: ['success', undefined, 17],
  encoded: ['success', undefined, 17],
  silent: ['aborted', 'aborted'],
};

it.each(NODES)('whatever a server or an application does with node:http is told once on Node %s', async (node) => {
  const receiver = await startReceiver();
  const bare = await runApp({ node, file: APP });
  const end = await runApp({ node, file: APP, flags: REGISTER, env: receiver.env });
  expect(end).toMatchObject({ code: 0, stderr: bare.stderr });
  expect(JSON.parse(end.stdout)).toEqual(JSON.parse(bare.stdout));
  // The application has really held the answer back, and kept its connection.
  expect(JSON.parse(end.stdout)).toMatchObject({
    large: [200, true, true, null],
    reused: 1,
    other: [[200, 108, true], []],
  });
  const told = receiver.points('gaugeway.model.attempt.duration').map(({ count, attributes }) => {
    const model = attributes['gen_ai.request.model'];
    const tokens = receiver.points('gen_ai.client.token.usage', { 'gen_ai.request.model': model });
    const used = tokens.reduce((all, { sum }) => all + (sum ?? 0), 0);
    return [model, [attributes['gaugeway.outcome'], attributes['error.type'], ...(used > 0 ? [used] : [])], count];
  });
  const expected = Object.entries(TOLD).map(([model, [outcome, errorType, tokens]]) => [
    model,
    [outcome, errorType, ...(tokens === undefined ? [] : [tokens])],
    model === 'reused' ? 3 : 1,
  ]);
  expect(told.sort()).toEqual(expected.sort());
  expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
  expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
  await receiver.close();
});

it('an export through node:http is not measured, whatever its path', async () => {
  const receiver = await startReceiver();
  const endpoint = `${receiver.url}/v1/chat/completions`;
  const source = `import { operations } from 'gaugeway'; await operations.run('work', async () => 1);`;
  const env = { ...receiver.env, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint, OTEL_METRIC_EXPORT_INTERVAL: '500' };
  const end = await runApp({
    source: `${source} await new Promise((done) => setTimeout(done, 2000));`,
    flags: REGISTER,
    env,
  });
  expect(end).toMatchObject({ code: 0, stderr: '' });
  const exports = receiver.requests.filter(({ path }) => path === '/v1/chat/completions');
  expect(exports.length).toBeGreaterThan(2);
  const text = JSON.stringify(exports.map(({ body }) => body));
  expect(text).toContain('gaugeway.operation.duration');
  expect(text).not.toContain('gaugeway.model.attempt.duration');
  expect(text).not.toContain('gaugeway.model.errors');
  await receiver.close();
});
