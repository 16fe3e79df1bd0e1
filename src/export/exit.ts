/** What has to be exported before a process ends. */
export interface Flushable {
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Flushes when the process ends. The SDK does not: without this the last interval is lost. Exit codes, stacks and the
 * application's own handlers stay as they are. Returns the function that takes the handlers off.
 */
export function flushOnExit(handle: Flushable, deadlineMs: number): () => void {
  const end = (): void => {
    void within(handle.shutdown(), deadlineMs);
  };
  process.once('beforeExit', end);
  const handlers = (['SIGTERM', 'SIGINT'] as const).map((signal) => {
    const handler = (): void => {
      const isOurs = process.listeners(signal).every((listener) => listener === handler);
      if (!isOurs) {
        // The application drains by itself and may still record: export what there is, and leave the rest to it.
        void within(handle.flush(), deadlineMs);
        return;
      }
      void within(handle.shutdown(), deadlineMs).then(() => {
        process.off(signal, handler);
        process.kill(process.pid, signal);
      });
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => {
    process.off('beforeExit', end);
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}

/** Waits for `work`, but not longer than `deadlineMs`, and never rejects. */
async function within(work: Promise<void>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  try {
    await Promise.race([work.catch(() => undefined), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
