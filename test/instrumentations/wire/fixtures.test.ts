import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenUsage } from '../../../src/index.ts';
import { knownErrorType, statusErrorType } from '../../../src/recorders/error-types.ts';
import { cut, essence, type Told, tell } from './channels.ts';
import { type Fixture, readFixtures } from './fixtures.ts';

const FIXTURES = readFixtures();
const STREAMS = FIXTURES.filter(({ isStream }) => isStream);
const ABORT = Object.assign(new Error('left'), { name: 'AbortError' });

function replay(fixture: Fixture, received: Buffer[] = [fixture.received], more: object = {}): Promise<Told> {
  return tell({ ...fixture.exchange, sent: [fixture.sent], received, ...more });
}

/** What the fixtures expect, of what was told. */
function summary({ calls, dropped }: Told): unknown[] {
  return calls.map((call) => {
    const { provider, operation, requestModel, responseModel, streaming, outcome, errorType, finishReasons, usage } =
      call;
    const told = { provider, operation, requestModel, responseModel, streaming, outcome, errorType };
    const all = { ...told, finishReasons, usage, ...(Object.keys(dropped).length > 0 && { dropped }) };
    return JSON.parse(JSON.stringify(all)) as unknown;
  });
}

/** Every possible place to cut, so that each piece has this size. */
function pieces(bytes: Buffer, size: number): Buffer[] {
  return cut(
    bytes,
    [...Array(Math.ceil(bytes.length / size)).keys()].map((at) => at * size),
  );
}

describe.each(FIXTURES.map((fixture) => [fixture.name, fixture] as const))('%s', (_name, fixture) => {
  it('is told as the provider documents it', async () => {
    expect(summary(await replay(fixture))).toEqual([fixture.expected]);
  });

  it('says the same however its bytes are cut', async () => {
    const whole = essence(await replay(fixture));
    const check = async (sent: Buffer[], received: Buffer[]): Promise<void> => {
      expect(essence(await tell({ ...fixture.exchange, sent, received }))).toEqual(whole);
    };
    for (const size of [1, 2, 7]) await check(pieces(fixture.sent, size), pieces(fixture.received, size));
    const places = fc.array(fc.nat(20_000), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(places, places, (sentAt, receivedAt) =>
        check(cut(fixture.sent, sentAt), cut(fixture.received, receivedAt)),
      ),
      { numRuns: 20 },
    );
  });

  it('never breaks when bytes of it are wrong, and then tells nothing that cannot be', async () => {
    const damage = fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, damage, async (inSent, inReceived) => {
        const sent = damaged(fixture.sent, inSent);
        const { calls } = await tell({
          ...fixture.exchange,
          sent: [sent],
          received: [damaged(fixture.received, inReceived)],
        });
        expect(calls).toHaveLength(1);
        const { usage = {}, errorType } = calls[0] ?? {};
        for (const value of Object.values(usage))
          expect(Number.isSafeInteger(value) && (value as number) >= 0).toBe(true);
        if (errorType !== undefined) {
          expect(knownErrorType(errorType) ?? statusErrorType(Number(errorType))).toBe(errorType);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe.each(STREAMS.map((fixture) => [fixture.name, fixture] as const))('the stream %s', (_name, fixture) => {
  it('that is left early tells no number that its end would have made another', async () => {
    const usage = (fixture.expected.usage ?? {}) as TokenUsage;
    for (let at = 0; at < fixture.received.length; at += 1 + Math.floor(fixture.received.length / 150)) {
      const { calls } = await replay(fixture, [fixture.received.subarray(0, at)], { error: ABORT });
      expect(calls).toHaveLength(1);
      expect(usage).toMatchObject(calls[0]?.usage ?? {});
      expect(['aborted', fixture.expected.outcome]).toContain(calls[0]?.outcome);
    }
  });

  it.each([
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['lines that end in CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('may have %s', async (_what, change) => {
    const changed = Buffer.from(change(fixture.received.toString()));
    expect(essence(await replay(fixture, [changed]))).toEqual(essence(await replay(fixture)));
    expect(essence(await replay(fixture, pieces(changed, 3)))).toEqual(essence(await replay(fixture)));
  });
});

/** One piece an event, as most servers send them: only so are events recognised that are like one before. */
function events(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  return text.split(/(?<=\n\n)/).map((event) => Buffer.from(event, 'latin1'));
}

const EVENT_STREAMS = STREAMS.filter(({ isEventStream }) => isEventStream);

describe.each(EVENT_STREAMS.map((fixture) => [fixture.name, fixture] as const))(
  'the event stream %s',
  (_name, fixture) => {
    it('says the same event by event, and when each event comes many times', async () => {
      const pieces = events(fixture.received);
      expect(essence(await replay(fixture, pieces))).toEqual(essence(await replay(fixture)));
      const often = pieces.flatMap((piece, at) => (at > pieces.length - 4 ? [piece] : Array<Buffer>(9).fill(piece)));
      expect(essence(await replay(fixture, often))).toEqual(essence(await replay(fixture, [Buffer.concat(often)])));
    });

    it.each([
      [
        'comments between and inside of events',
        (text: string) => `: hi\n\n${text.replaceAll(/^data/gm, ': data: {"x"\ndata')}`,
      ],
      ['fields that nobody knows', (text: string) => text.replaceAll(/^data/gm, 'id: 7\nretry: 10\ndatax: {}\ndata')],
      ['no space after the colon', (text: string) => text.replaceAll(/^data: /gm, 'data:')],
      ['data on several lines', (text: string) => text.replaceAll(/^(data: \{)/gm, '$1\ndata: ')],
      ['no blank line at its end', (text: string) => text.trimEnd()],
    ])('may have %s', async (_what, change) => {
      const changed = Buffer.from(change(fixture.received.toString()));
      expect(essence(await replay(fixture, [changed]))).toEqual(essence(await replay(fixture)));
      expect(essence(await replay(fixture, pieces(changed, 5)))).toEqual(essence(await replay(fixture)));
    });
  },
);

function damaged(bytes: Buffer, places: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const [place, byte] of places) if (copy.length > 0) copy[place % copy.length] = byte;
  return copy;
}
