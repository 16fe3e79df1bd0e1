import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MockProvider, startMockProvider } from '../../../examples/mock-provider/index.ts';
import type { LedgerEntry } from '../../../examples/mock-provider/ledger.ts';
import { type Receiver, startReceiver } from '../../helpers/receiver.ts';
import { type AppEnd, type NodeVersion, REGISTER, runApp } from '../../helpers/run-app.ts';

/** One program against the mock provider, bare and measured; there from the first test of its group on. */
export interface BothRuns {
  readonly receiver: Receiver;
  readonly measured: AppEnd;
  /** The measured run's requests. */
  readonly requests: number;
  /** What the provider told it. */
  readonly ledger: [model: string, entry: LedgerEntry][];
}

/** Runs a program both ways before the tests of a group, and makes sure that it sees no difference. */
export function runBoth(node: NodeVersion, file: string, envFor: (url: string) => Record<string, string>): BothRuns {
  const runs = {} as { -readonly [K in keyof BothRuns]: BothRuns[K] };
  let mock: MockProvider;
  let bare: AppEnd;
  beforeAll(async () => {
    mock = await startMockProvider();
    runs.receiver = await startReceiver();
    const env = envFor(mock.url);
    bare = await runApp({ node, file, env });
    mock.reset();
    runs.measured = await runApp({ node, file, flags: REGISTER, env: { ...env, ...runs.receiver.env } });
    runs.requests = mock.requests.length;
    runs.ledger = Object.entries(mock.ledger);
  });
  afterAll(async () => {
    await mock.close();
    await runs.receiver.close();
  });

  it('give the application the same results, errors and exit code as without us', () => {
    expect({ code: bare.code, stderr: bare.stderr }).toEqual({ code: 0, stderr: '' });
    expect({ code: runs.measured.code, stderr: runs.measured.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(runs.measured.stdout)).toEqual(JSON.parse(bare.stdout));
  });
  return runs;
}
