const STREAMED = /^(text\/event-stream|application\/(x-ndjson|jsonl|stream\+json))\b/i;

/** Whether a response goes on after it was returned; a body without a length may still be a short text. */
export function isStream(headers: Headers): boolean {
  if (headers.has('content-length')) return false;
  return STREAMED.test(headers.get('content-type') ?? '') || headers.get('transfer-encoding') === 'chunked';
}

/** Hands a body on as it comes, chunk by chunk and no faster than it is read, and tells how it ended. */
export function watchBody(
  body: ReadableStream,
  onEnd: (end: 'complete' | 'cancelled' | 'failed', error?: unknown) => void,
): ReadableStream {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
          onEnd('complete');
        } catch (error) {
          onEnd('failed', error);
          throw error;
        }
      },
      cancel(reason) {
        onEnd('cancelled');
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
