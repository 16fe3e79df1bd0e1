import { isMainThread } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { expectEnd } from './unheld.ts';

/** What has to be exported before a process ends. */
export interface Flushable {
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** An event loop that ran empty again sooner than this after our own flush has had nothing else to do. */
const SETTLED_MS = 100;

/**
 * Flushes when the process ends. The SDK does not: without this the last interval is lost. Exit codes, stacks and the
 * application's own handlers stay as they are. Returns the function that takes the handlers off.
 */
export function flushOnExit(handle: Flushable): () => void {
  let flushedAt = Number.NEGATIVE_INFINITY;
  // Not a shutdown: what the application itself does now, or starts again, is measured too.
  const onEmpty = (): void => {
    if (performance.now() - flushedAt < SETTLED_MS) return;
    expectEnd(true);
    void handle.flush().finally(() => {
      expectEnd(false);
      flushedAt = performance.now();
    });
  };
  process.on('beforeExit', onEmpty);
  // Signals reach the main thread only.
  const disarms = isMainThread ? (['SIGTERM', 'SIGINT'] as const).map((signal) => arm(signal, handle)) : [];
  return () => {
    process.off('beforeExit', onEmpty);
    for (const disarm of disarms) disarm();
  };
}

function arm(signal: NodeJS.Signals, handle: Flushable): () => void {
  let isArmed = true;
  const listener = (): void => {
    // Ours goes first and off: handlers such as those of `signal-exit` end the process only if they see none but their
    // own, and a second Ctrl-C must not wait for us.
    process.off(signal, listener);
    if (process.listenerCount(signal) > 0) {
      // The application drains by itself and may still record: export what there is, and leave the rest to it.
      void handle.flush().finally(() => {
        if (isArmed) process.prependListener(signal, listener);
      });
      return;
    }
    void handle.shutdown().finally(() => process.kill(process.pid, signal));
  };
  process.prependListener(signal, listener);
  return () => {
    isArmed = false;
    process.off(signal, listener);
  };
}

/**
 * Waits for `work`, but not longer than `deadlineMs`, and never rejects. The timer holds the process, since nothing of
 * an export does.
 */
export async function within(work: Promise<unknown>, deadlineMs: number, giveUp: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      giveUp();
      resolve();
    }, deadlineMs);
  });
  try {
    await Promise.race([work.catch(() => undefined), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for all of `work`; a failed export of spans shows nowhere but in the rejection. */
export async function settled(work: (Promise<void> | undefined)[]): Promise<void> {
  const report = (reason: unknown): void => {
    for (const error of [reason].flat()) diag.error(error instanceof Error ? error.message : String(error));
  };
  await Promise.all(work.map((one) => one?.catch(report)));
}
