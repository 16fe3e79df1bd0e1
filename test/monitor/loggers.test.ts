import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import winston from 'winston';
import { queries } from '../../src/index.ts';
import { type Logger, PerformanceMonitor } from '../../src/monitor/index.ts';

/** A stream that keeps each line that a logger writes as JSON. */
function lines() {
  const written: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(
        ...String(chunk)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
      done();
    },
  });
  return { stream, written };
}

interface Written {
  readonly level: unknown;
  readonly message: unknown;
  readonly [name: string]: unknown;
}

/** The real loggers, and what they wrote under one name for each field. */
const loggers: Record<string, () => { logger: Logger; written(): Written[] }> = {
  Winston() {
    const { stream, written } = lines();
    const logger = winston.createLogger({
      format: winston.format.json(),
      transports: [new winston.transports.Stream({ stream })],
    });
    return { logger, written: () => written as unknown as Written[] };
  },
  'a child of Winston'() {
    const { stream, written } = lines();
    const root = winston.createLogger({
      format: winston.format.json(),
      transports: [new winston.transports.Stream({ stream })],
    });
    return { logger: root.child({ service: 'api' }), written: () => written as unknown as Written[] };
  },
  Pino() {
    const { stream, written } = lines();
    return { logger: pino(stream), written: () => written.map(asWinston) };
  },
  'a child of Pino'() {
    const { stream, written } = lines();
    return { logger: pino(stream).child({ service: 'api' }), written: () => written.map(asWinston) };
  },
};

const LEVELS: Record<number, string> = { 30: 'info', 40: 'warn' };

function asWinston({ level, msg, ...line }: Record<string, unknown>): Written {
  return { ...line, level: LEVELS[level as number], message: msg };
}

let monitor: PerformanceMonitor;
afterEach(() => monitor.stop());

describe.each(Object.entries(loggers))('with %s', (_, create) => {
  it('a slow operation is one structured line without secrets', () => {
    const { logger, written } = create();
    monitor = new PerformanceMonitor({ logger, redact: ['ssn'] });
    monitor.record('checkout', 1500, {
      metadata: {
        userId: 7,
        ssn: '123-45-6789',
        apiKey: 'sk-live-0123456789abcdef',
        headers: { authorization: 'Bearer abcdefghijklmnop', accept: '*/*' },
        note: 'called with Bearer abcdefghijklmnop by https://me:hunter22@example.com/x',
        totalTokens: 12,
      },
    });
    expect(written()).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'Slow operation: checkout',
        operation: 'checkout',
        duration: 1500,
        severity: 'slow',
        metadata: {
          userId: 7,
          ssn: '[redacted]',
          apiKey: '[redacted]',
          headers: { authorization: '[redacted]', accept: '*/*' },
          note: 'called with [redacted] by https://[redacted]@example.com/x',
          totalTokens: 12,
        },
      }),
    ]);
    expect(JSON.stringify(written())).not.toMatch(/6789|abcdef|hunter22/);
  });

  it('a slow query is one structured line', () => {
    const { logger, written } = create();
    monitor = new PerformanceMonitor({ logger });
    queries.record({ operation: 'findMany', collection: 'User' }, { durationMs: 60 });
    expect(written()).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'Slow query: db findMany User',
        operation: 'findMany',
        model: 'User',
        durationMs: 60,
        thresholdMs: 50,
      }),
    ]);
  });
});
