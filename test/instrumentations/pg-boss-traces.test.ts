import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { runsOf } from '../fixtures/pg-boss/boss.ts';
import { VERSIONS } from '../fixtures/pg-boss/versions.ts';
import { usePostgres } from '../helpers/use-postgres.ts';
import { FAST, useBoss } from './pg-boss-on-postgres.ts';

const { createDatabase } = usePostgres();

describe.each(VERSIONS)('pg-boss $major on a real Postgres', (version) => {
  const here = useBoss(version, createDatabase);

  it('makes one trace of the sender, the job and what happens inside', async () => {
    const { boss, queue, recording } = here;
    await boss.work(queue, FAST, async () => {
      await sleep(5);
      trace.getTracer('test').startSpan('chat').end();
    });
    const request = trace.getTracer('test').startSpan('request');
    const id = await context.with(trace.setSpan(context.active(), request), () => boss.send(queue, {}));
    request.end();
    await runsOf(recording, queue, 1);
    const named = (name: string) => recording.spans().find((span) => span.name === name);
    const chain = [request, named(`send ${queue}`), named(`process ${queue}`), named('chat')];
    for (const [index, span] of chain.entries()) {
      expect(span?.spanContext().traceId).toBe(request.spanContext().traceId);
      const parent = chain[index - 1];
      if (parent !== undefined)
        expect((span as ReturnType<typeof named>)?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    }
    expect(named(`send ${queue}`)?.attributes['gaugeway.job.id']).toBe(id);
  });

  it('starts a new trace, linked to the last one, when a job sends itself again', async () => {
    const { boss, queue, recording } = here;
    let calls = 0;
    await boss.work(queue, FAST, async () => {
      if (++calls === 1) await boss.send(queue, {});
    });
    await boss.send(queue, {});
    await runsOf(recording, queue, 2);
    const [first, second] = recording.spans().filter(({ name }) => name === `process ${queue}`);
    expect(second?.spanContext().traceId).not.toBe(first?.spanContext().traceId);
    expect(second?.links[0]?.context.traceId).toBe(first?.spanContext().traceId);
  });
});
