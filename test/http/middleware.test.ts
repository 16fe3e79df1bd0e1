import { propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../src/index.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { frameworks } from './frameworks/index.ts';
import { type Answered, type Served, until } from './server.ts';

let recording: Recording;
let served: Served;
beforeEach(() => {
  recording = startRecording();
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(async () => {
  await served.stop();
  recording.stop();
});

function seen(): HttpRequest[] {
  return recording.observations.filter((observation) => observation.kind === 'http_request');
}

/** The record of the next request. */
async function recorded(count = 1): Promise<HttpRequest> {
  await until(() => seen().length >= count);
  return seen().at(-1) as HttpRequest;
}

describe.each(frameworks)('the middleware of $name', ({ hasRoutes, start }) => {
  const route = (template: string): string | undefined => (hasRoutes ? template : undefined);

  it('records a request by method, template, status and time, under a server span that is active in the handler', async () => {
    served = await start();
    const { status, body, headers } = await served.send('/users/42?key=secret', {
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    });
    expect([status, body]).toEqual([200, 'ok']);
    expect(await recorded()).toMatchObject({
      method: 'GET',
      scheme: 'http',
      route: route('/users/:id'),
      statusCode: 200,
      protocolVersion: '1.1',
      outcome: 'success',
      errorType: undefined,
      recordedElsewhere: false,
    });
    const [span, ...others] = recording.spans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      kind: SpanKind.SERVER,
      name: hasRoutes ? 'GET /users/:id' : 'GET',
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { spanId: 'b7ad6b7169203331' },
      attributes: {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': '/users/42',
        'server.address': '127.0.0.1',
        'server.port': served.port,
        'network.protocol.version': '1.1',
        'http.response.status_code': 200,
      },
    });
    expect(span?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(headers['x-span']).toBe(span?.spanContext().spanId);
    expect(JSON.stringify(span?.attributes)).not.toContain('secret');
  });

  it('keeps the span active behind a body that was parsed', async () => {
    served = await start();
    const { body, headers } = await served.send('/echo', { method: 'POST', body: '{"a":1}' });
    expect(body).toBe('{"a":1}');
    expect(await recorded()).toMatchObject({ method: 'POST', route: route('/echo'), requestBytes: 7 });
    expect(headers['x-span']).toBe(recording.spans()[0]?.spanContext().spanId);
  });

  it('names a path that no route matched by nothing', async () => {
    served = await start();
    expect((await served.send('/nope/4711')).status).toBe(404);
    expect(await recorded()).toMatchObject({ route: undefined, statusCode: 404, outcome: 'success' });
    expect(recording.spans()[0]).toMatchObject({ name: 'GET', status: { code: SpanStatusCode.UNSET } });
  });

  it('takes what a handler throws for an error, unless it is an answer', async () => {
    served = await start();
    expect((await served.send('/fail')).status).toBe(500);
    expect(await recorded()).toMatchObject({ route: route('/fail'), outcome: 'error', errorType: '500' });
    expect(recording.spans()[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': '500' },
    });
    expect((await served.send('/teapot')).status).toBe(418);
    expect(await recorded(2)).toMatchObject({ statusCode: 418, outcome: 'success', errorType: undefined });
  });

  it('measures a streamed answer to its last byte', async () => {
    served = await start();
    const startedAt = performance.now();
    expect((await served.send('/stream')).body).toBe('one two three');
    const request = await recorded();
    expect(request).toMatchObject({ route: route('/stream'), statusCode: 200, outcome: 'success' });
    expect(request.durationMs).toBeGreaterThan(35);
    expect(request.durationMs).toBeLessThan(performance.now() - startedAt + 1);
  });

  it('ends a request whose client has gone away, and calls that no error', async () => {
    served = await start();
    await served.abort('/endless');
    expect(await recorded()).toMatchObject({ route: route('/endless'), statusCode: 200, outcome: 'aborted' });
    await served.abort('/silent', 50);
    expect(await recorded(2)).toMatchObject({ route: route('/silent'), statusCode: undefined, outcome: 'aborted' });
    expect(recording.spans().map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.UNSET]);
  });

  it('knows HEAD and OPTIONS, and calls what no convention knows _OTHER', async () => {
    served = await start();
    expect((await served.send('/users/1', { method: 'HEAD' })).body).toBe('');
    expect(await recorded()).toMatchObject({ method: 'HEAD', route: route('/users/:id'), responseBytes: undefined });
    await served.send('/users/1', { method: 'OPTIONS' });
    expect((await recorded(2)).method).toBe('OPTIONS');
    await served.send('/nope', { method: 'PURGE' });
    expect((await recorded(3)).method).toBe('_OTHER');
    const span = recording.spans().at(-1);
    expect(span).toMatchObject({ name: 'HTTP', attributes: { 'http.request.method_original': 'PURGE' } });
  });

  it('records a request once when there are two of it', async () => {
    served = await start({ times: 2 });
    await served.send('/users/1');
    expect(await recorded()).toMatchObject({ route: route('/users/:id') });
    await served.send('/users/2');
    await recorded(2);
    expect(seen()).toHaveLength(2);
    expect(recording.spans()).toHaveLength(2);
  });

  it('asks the application what an error is', async () => {
    served = await start({ options: { isError: ({ statusCode }) => statusCode === 404 } });
    await served.send('/nope');
    expect(await recorded()).toMatchObject({ outcome: 'error', errorType: '404' });
    await served.send('/fail');
    expect(await recorded(2)).toMatchObject({ outcome: 'success', errorType: undefined });
  });

  it('contains a question to the application that throws', async () => {
    served = await start({
      options: {
        isError() {
          throw new Error('no');
        },
      },
    });
    expect((await served.send('/fail')).status).toBe(500);
    expect(await recorded()).toMatchObject({ outcome: 'error', errorType: '500' });
    expect(recording.dropped).toEqual(['hook_failed']);
  });

  it('answers exactly as without it', async () => {
    const answers = async (times: number): Promise<Answered[]> => {
      served = await start({ times });
      const paths = ['/users/1', '/nope', '/fail', '/teapot', '/stream'];
      const answered = await Promise.all(paths.map((path) => served.send(path)));
      const sent = [...answered, await served.send('/echo', { method: 'POST', body: '[1]' })];
      await served.stop();
      return sent.map(({ status, headers, body }) => {
        const { 'x-span': _span, date: _date, ...kept } = headers;
        return { status, headers: kept, body: body.replaceAll(/ at .*/g, '') };
      });
    };
    expect(await answers(1)).toEqual(await answers(0));
  });
});

it.each(frameworks.filter(({ hasRoutes }) => hasRoutes))(
  '$name: a route inside of a mounted router has the template of its mount',
  async ({ start }) => {
    served = await start();
    await served.send('/tenants/acme/items/7');
    expect(await recorded()).toMatchObject({ route: '/tenants/:tenant/items/:item' });
  },
);

it('an option that is none throws, and names its remedy', async () => {
  const { createExpressMiddleware } = await import('../../src/http/index.ts');
  const { useDefaultMonitor } = await import('../../src/monitor/index.ts');
  expect(() => createExpressMiddleware(undefined, { isError: true as never })).toThrow('"isError" must be a function');
  expect(() => createExpressMiddleware({ isError: () => true } as never)).toThrow('takes a PerformanceMonitor');
  expect(() => createExpressMiddleware(null as never)).toThrow('takes a PerformanceMonitor');
  expect(() => useDefaultMonitor({} as never)).toThrow('takes a PerformanceMonitor');
  served = { stop: async () => undefined } as Served;
});
