import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../src/index.ts';
import { ERROR_TYPES } from '../../src/recorders/error-types.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());

class GatewayClosed extends Error {}
/** As the SDKs of OpenAI, Anthropic and Groq have it. */
class RateLimitError extends Error {
  readonly status = 429;
  readonly code: string | null;
  readonly type: string | undefined;
  constructor(code: string | null, type?: string) {
    super('secret');
    this.code = code;
    this.type = type;
  }
}
class APIConnectionError extends Error {}

const withCode = (code: unknown): Error => Object.assign(new Error('secret'), { code });

function typeOf(error: unknown): unknown {
  modelCalls.start({ provider: 'openai' }).fail(error);
  const call = recording.observations.filter((o) => o.kind === 'model_call').at(-1);
  return call === undefined ? undefined : [call.outcome, call.errorType];
}

describe('error.type of a model call', () => {
  it.each([
    ['the code of a provider', new RateLimitError('rate_limit_exceeded'), 'error', 'rate_limit_exceeded'],
    [
      'the type of a provider, where the code says nothing',
      new RateLimitError(null, 'rate_limit_error'),
      'error',
      'rate_limit_error',
    ],
    ['the status, where the code is nobody’s', new RateLimitError('customer_4711'), 'error', '429'],
    ['the status of axios', Object.assign(withCode('ERR_BAD_REQUEST'), { status: 404 }), 'error', '404'],
    ['a status as a code', withCode('503'), 'error', '503'],
    ['the code of Node', withCode('ECONNREFUSED'), 'error', 'ECONNREFUSED'],
    ['the code of undici', withCode('UND_ERR_SOCKET'), 'error', 'UND_ERR_SOCKET'],
    ['what stopped fetch', new TypeError('fetch failed', { cause: withCode('ENOTFOUND') }), 'error', 'ENOTFOUND'],
    [
      'what stopped an SDK',
      new APIConnectionError('x', { cause: new TypeError('fetch failed', { cause: withCode('ECONNRESET') }) }),
      'error',
      'ECONNRESET',
    ],
    [
      'a timeout behind fetch',
      new TypeError('fetch failed', { cause: withCode('UND_ERR_CONNECT_TIMEOUT') }),
      'timeout',
      'timeout',
    ],
    ['the class of the application', new GatewayClosed('x'), 'error', 'GatewayClosed'],
    ['the class, where the code is nobody’s', withCode('user-8472'), 'error', 'Error'],
    ['_OTHER for what is no error', 'a string', 'error', '_OTHER'],
    ['_OTHER for what has no class', Object.create(null) as object, 'error', '_OTHER'],
  ])('is %s', (_what, error, outcome, errorType) => {
    expect(typeOf(error)).toEqual([outcome, errorType]);
  });

  it('ends with an error that is its own cause', () => {
    const error = new APIConnectionError('x');
    error.cause = error;
    expect(typeOf(error)).toEqual(['error', 'APIConnectionError']);
  });

  it('is _OTHER for an error of which a getter throws', () => {
    const error = {
      get code(): string {
        throw new Error('mine');
      },
    };
    expect(typeOf(error)).toEqual(['error', '_OTHER']);
  });

  it('is never made of what an error says', () => {
    const known = new Set<unknown>([...Object.values(ERROR_TYPES).flat(), 'Error']);
    const word = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.integer(),
      fc.constantFrom('429', 299, 600, '1500', null, {}, []),
    );
    fc.assert(
      fc.property(word, word, word, word, (code, type, status, name) => {
        const [, errorType] = typeOf(Object.assign(new Error(String(code)), { code, type, status, name })) as string[];
        expect(known.has(errorType) || /^[345]\d\d$/.test(errorType ?? '')).toBe(true);
      }),
    );
  });
});
