import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Receiver, startReceiver } from '../../helpers/receiver.ts';
import { type AppEnd, type AppOptions, REGISTER, ROOT, runApp } from '../../helpers/run-app.ts';

export const TLS = {
  key: readFileSync(join(ROOT, 'test/fixtures/tls/key.pem'), 'utf8'),
  cert: readFileSync(join(ROOT, 'test/fixtures/tls/cert.pem'), 'utf8'),
};
export const CA_FILE = join(ROOT, 'test/fixtures/tls/cert.pem');

export type Expected = Readonly<Record<string, readonly [outcome: string, errorType: unknown]>>;

/** Connections that were never made. On undici's wire they have no model: it sees the body only when it is sent. */
export const UNCONNECTED: Expected = {
  dns: ['error', expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)],
  refused: ['error', 'ECONNREFUSED'],
};

/** How each lifecycle of the application in `apps/lifecycles.ts` must be told. */
export const EXPECTED: Expected = {
  'full-read': ['success', undefined],
  break: ['aborted', 'aborted'],
  abort: ['aborted', 'aborted'],
  'abort-before-headers': ['aborted', 'aborted'],
  timeout: ['timeout', 'timeout'],
  'timeout-before-headers': ['timeout', 'timeout'],
  drop: ['error', 'UND_ERR_SOCKET'],
  'status-500': ['error', 'server_error'],
  gzip: ['success', undefined],
  delivered: ['success', undefined],
  collected: ['abandoned', 'abandoned'],
};

const DURATION = 'gen_ai.client.operation.duration';
const ATTEMPT = 'gaugeway.model.attempt.duration';

/** Checks that every lifecycle gave exactly one call and one attempt, told rightly, and that nothing is left running. */
export function expectLifecycles(receiver: Receiver, expected = EXPECTED): void {
  const told = Object.fromEntries(
    Object.keys(expected).map((model) => {
      const of = { 'gen_ai.request.model': model };
      const attempts = receiver.points(ATTEMPT, of);
      return [
        model,
        {
          calls: receiver.total(DURATION, of),
          attempts: receiver.total(ATTEMPT, of),
          outcome: attempts.map(({ attributes }) => attributes['gaugeway.outcome']).join(),
          errorType: receiver.points(DURATION, of)[0]?.attributes['error.type'],
          sameError:
            attempts[0]?.attributes['error.type'] === receiver.points(DURATION, of)[0]?.attributes['error.type'],
        },
      ];
    }),
  );
  expect(told).toEqual(
    Object.fromEntries(
      Object.entries(expected).map(([model, [outcome, errorType]]) => [
        model,
        { calls: 1, attempts: 1, outcome, errorType, sameError: true },
      ]),
    ),
  );
  const unknown = receiver.points(DURATION).filter(({ attributes }) => !('gen_ai.request.model' in attributes));
  const withoutModel = Object.entries(UNCONNECTED).flatMap(([name, [, type]]) => (name in expected ? [] : [type]));
  expect(
    unknown
      .map(({ count, attributes }) => [attributes['error.type'], attributes['gen_ai.operation.name'], count])
      .sort()
      .reverse(),
  ).toEqual(withoutModel.map((type) => [type, 'chat', 1]));
  expect(receiver.points('gaugeway.model.active').filter(({ value }) => value !== 0)).toEqual([]);
  const successes = Object.keys(expected).filter((model) => expected[model]?.[0] === 'success');
  for (const model of successes) {
    const tokens = receiver.points('gen_ai.client.token.usage', { 'gen_ai.request.model': model });
    expect(Object.fromEntries(tokens.map(({ attributes, sum }) => [attributes['gen_ai.token.type'], sum]))).toEqual({
      input: 12,
      output: 5,
    });
  }
  expect(receiver.points('gen_ai.client.token.usage')).toHaveLength(2 * successes.length);
  expect(receiver.points('gaugeway.self.dropped').filter(({ value }) => value !== 0)).toEqual([]);
}

/** Runs the same program bare and measured; the application must see the same, and every lifecycle must be told. */
export async function compareLifecycles(options: AppOptions, expected = EXPECTED): Promise<AppEnd> {
  const receiver = await startReceiver();
  try {
    const flags = ['--expose-gc', ...(options.flags ?? [])];
    const env = { ...options.env, ...receiver.env };
    const [bare, measured] = await Promise.all([
      runApp({ ...options, flags }),
      runApp({ ...options, flags: [...REGISTER, ...flags], env }),
    ]);
    expect(measured.stderr.replace(/^\(node:\d+\).*\n|^\(Use `node.*\n/gm, '')).toBe('');
    expect(JSON.parse(measured.stdout)).toEqual(JSON.parse(bare.stdout));
    expect(measured).toMatchObject({ code: 5, signal: null });
    expect(bare).toMatchObject({ code: 5, signal: null });
    expectLifecycles(receiver, expected);
    return measured;
  } finally {
    await receiver.close();
  }
}

/** A URL where nobody listens: below the ports that a system hands out, and none that `fetch` refuses by itself. */
export const CLOSED_URL = 'http://127.0.0.1:2';
