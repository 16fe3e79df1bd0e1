import { describe, expect, it } from 'vitest';
import { readTraces } from '../helpers/otlp-protobuf.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { type AppOptions, REGISTER, runApp } from '../helpers/run-app.ts';

interface RawSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { readonly key: string }[];
  readonly events: { readonly name: string; readonly timeUnixNano: string }[];
}

/** Whole spans by their scope, as they were exported. */
async function exported(source: string, options: Omit<AppOptions, 'source'> = {}) {
  const receiver = await startReceiver();
  const end = await runApp({ flags: REGISTER, ...options, source, env: { ...receiver.env, ...options.env } });
  await receiver.close();
  const scopes = receiver.requests
    .filter(({ path }) => path === '/v1/traces')
    .map(({ body }) => (body instanceof Uint8Array ? readTraces(body) : body))
    .flatMap((body) => (body as { resourceSpans: { scopeSpans: Scope[] }[] }).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans);
  const of = (scope: string): RawSpan[] =>
    scopes.filter((all) => all.scope.name === scope).flatMap(({ spans }) => spans);
  return { ...end, ours: of('gaugeway'), theirs: of('app') };
}

interface Scope {
  readonly scope: { readonly name: string };
  readonly spans: RawSpan[];
}

/** What an application can do to the span that is active. */
const OPERATIONS = {
  plain: `span.setAttribute('text', 'a').setAttribute('number', 1.5).setAttribute('flag', false).setAttribute('text', 'b');`,
  lists: `const list = ['a', 'b']; span.setAttributes({ list, mixed: [1, null, 'x'], bytes: Uint8Array.of(1, 2) }); list.push('c');`,
  nested: `const map = { a: { b: [1] } }; span.setAttribute('map', map); map.a.b.push(2);`,
  circle: `const circle = {}; circle.self = circle; span.setAttribute('circle', circle);`,
  wrong: `span.setAttributes({ '': 'no key', none: undefined, nothing: null, big: 1n, code: () => 1, date: new Date(0) });`,
  many: `for (let i = 0; i < 300; i++) span.setAttribute('key' + i, i); span.setAttribute('key1', 'again');`,
  events: `
    span.addEvent('bare').addEvent('told', { a: 1, list: ['x'], wrong: { a: 1 } }).addEvent('later', { a: 1 }, new Date());
    span.addEvent('at', Date.now()).addEvent('past', [1, 2]);
    for (let i = 0; i < 200; i++) span.addEvent('event' + i, { i });`,
  exceptions: `
    span.recordException(new TypeError('wrong'));
    span.recordException('text');
    span.recordException({ code: 42, message: 'a code' });
    span.recordException(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), Date.now());`,
  silent: `
    span.recordException(new Error());
    span.recordException({ name: 'Named', message: null, stack: null });
    span.recordException({ code: 'C', get name() { throw new Error('not asked for'); } });`,
  nothing: `span.recordException(undefined); span.recordException({});`,
  links: `
    const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    span.addLink({ context }).addLinks([{ context, attributes: { why: 'retry', wrong: 1n } }]);
    for (let i = 0; i < 200; i++) span.addLink({ context, attributes: { i } });`,
  failed: `span.setStatus({ code: 2, message: 'broken' }).setStatus({ code: 0 });`,
  unexplained: `span.setStatus({ code: 2, message: 42 });`,
  'a status that is none': `span.setStatus({ code: 'broken' });`,
  good: `span.setStatus({ code: 1, message: 'fine' }).setStatus({ code: 2, message: 'too late' });`,
  named: `span.updateName('another');`,
  'no times': `
    span.addEvent('null', { a: 1 }, null).addEvent('text', { a: 1 }, '2020-01-01').addEvent('object', undefined, {});
    span.recordException(new Error('late'), 'now');
    span.end('now');`,
  'times of the process': `const at = performance.now(); span.addEvent('at', at); span.end(at);`,
  'seconds for milliseconds': `span.end(Date.now() / 1000);`,
  'the past': `span.end([1, 2]);`,
  around: `
    const around = new Proxy(span, {});
    around.spanContext(); around.setAttribute('a', 1).addEvent('e').setStatus({ code: 2 });
    Object.create(span).setAttribute('b', around.isRecording());`,
  'their lists': `span.events.push({ name: 'past', time: [1, 1], attributes: {} });`,
  'all too late': `
    span.end();
    span.setStatus(undefined).addLinks([undefined]).addLink(undefined).setAttributes(undefined).recordException(undefined);`,
  over: `span.end(); span.setAttribute('late', 1).addEvent('late').setStatus({ code: 2 }).updateName('late'); span.end();`,
};

const WORK = `
  import { SpanKind, trace } from '@opentelemetry/api';
  import { jobs } from 'gaugeway';
  const tracer = trace.getTracer('app');
`;

const PROTOCOLS = {
  'http/json': { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  'http/protobuf': { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_COMPRESSION: 'none' },
};

describe.each(Object.entries(PROTOCOLS))('in %s', (_protocol, env) => {
  it.each(Object.entries(OPERATIONS))('a span of ours takes what one of the SDK takes: %s', async (_, operation) => {
    const { code, ours, theirs } = await exported(
      `
    ${WORK}
    const work = (span) => { ${operation} };
    jobs.run({ name: 'j', id: 'i', attempt: 1 }, () => work(trace.getActiveSpan()));
    const attributes = {
      'gaugeway.job.system.name': 'custom', 'gaugeway.job.name': 'j', 'gaugeway.job.id': 'i', 'gaugeway.job.attempt': 1,
    };
    const span = tracer.startSpan('process j', { kind: SpanKind.CONSUMER, attributes, startTime: Date.now() });
    work(span);
    span.setAttribute('gaugeway.job.result', 'success').end(Date.now());
  `,
      { env },
    );
    expect(code).toBe(0);
    expect(ours).toHaveLength(1);
    // What tells them apart, and times, which are near each other.
    const alike = (spans: RawSpan[]) =>
      spans.map(({ traceId, spanId, startTimeUnixNano, endTimeUnixNano, events, ...span }) => ({
        ...span,
        events: events.map(({ timeUnixNano, ...event }) => event),
      }));
    const withoutStacks = (spans: unknown) => JSON.stringify(spans).replaceAll(/\\n {4}at .*?"/g, '"');
    expect(withoutStacks(alike(ours))).toBe(withoutStacks(alike(theirs)));
    const [span] = ours as [RawSpan];
    const [began, ended] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
    expect(ended).toBeGreaterThanOrEqual(began);
    expect(Math.abs(Number(ended - BigInt(theirs[0]?.endTimeUnixNano ?? 0)))).toBeLessThan(2e9);
    const told = span.events.filter(({ name }) => name !== 'past').map(({ timeUnixNano }) => BigInt(timeUnixNano));
    for (const at of told) expect(Number(at - began)).toBeGreaterThan(-2e6);
  });
});

it('what an application puts on a span may be nothing of the kind: the span is sent all the same', async () => {
  const { code, ours, stderr } = await exported(
    `
    ${WORK}
    const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const odd = {
      unnamed: (span) => span.addLink({ context: {} }).updateName(undefined).addEvent(null),
      endless: (span) => span.setStatus({ code: Infinity }),
      endlessly: (span) => span.setStatus({ code: '-Infinity' }),
      huge: (span) => span.setStatus({ code: 1e30 }),
      big: (span) => span.setStatus({ code: 2n }),
      parsed: (span) => span.addLink({ context: JSON.parse(JSON.stringify({ ...context, traceState: {} })) }),
    };
    for (const [name, work] of Object.entries(odd)) jobs.run(name, () => void work(trace.getActiveSpan()));
  `,
    { env: PROTOCOLS['http/protobuf'] },
  );
  expect([code, stderr]).toEqual([0, '']);
  const names = ['endless', 'endlessly', 'huge', 'big', 'parsed'].map((name) => `process ${name}`);
  expect(ours.map(({ name }) => name)).toEqual(['undefined', ...names]);
});

it('a span that cannot be written is counted, throws into nobody, and harms no other one', async () => {
  const { code, ours, stdout } = await exported(
    `
    ${WORK}
    import { observe } from 'gaugeway';
    observe({ dropped: (reason, count) => console.log(reason, count) });
    const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const link = (span, serialize) => span.addLink({ context: { ...context, traceState: { serialize } } });
    const fail = () => { throw new Error('not told'); };
    jobs.run('unwritten', () => link(trace.getActiveSpan(), fail).end());
    jobs.run('outer', () => {
      const outer = trace.getActiveSpan();
      jobs.run('inner', () => {
        const inner = trace.getActiveSpan();
        link(outer, () => (inner.end(), 'vendor=1')).end();
      });
    });
    jobs.run('after', () => undefined);
  `,
    { env: PROTOCOLS['http/protobuf'] },
  );
  expect([code, stdout]).toEqual([0, 'hook_failed 1\n']);
  expect(ours.map(({ name }) => name)).toEqual(['process inner', 'process outer', 'process after']);
  expect(new Set(ours.map(({ spanId }) => spanId)).size).toBe(3);
});

it.each(['--import', '--require'])(
  'an application that tsx compiles to CommonJS, with %s, sends its spans',
  async (flag) => {
    const { code, ours, theirs, stderr } = await exported(
      `
    const { trace } = require('@opentelemetry/api');
    const { jobs } = require('gaugeway');
    jobs.run('j', () => trace.getTracer('app').startSpan('inner').end());
  `,
      {
        flags: [flag, flag === '--import' ? 'tsx' : 'tsx/cjs', flag, 'gaugeway/register'],
        extension: '.cts',
        env: PROTOCOLS['http/protobuf'],
      },
    );
    expect([code, stderr]).toEqual([0, '']);
    expect([...ours, ...theirs].map(({ name }) => name)).toEqual(['process j', 'inner']);
  },
);

it('spans of ours and of the application are one trace, whichever is within the other', async () => {
  const { code, ours, theirs } = await exported(`
    ${WORK}
    await tracer.startActiveSpan('outer', async (outer) => {
      await jobs.run('j', async () => tracer.startActiveSpan('inner', (inner) => inner.end()));
      outer.end();
    });
  `);
  expect(code).toBe(0);
  const [job] = ours;
  const [outer, inner] = ['outer', 'inner'].map((name) => theirs.find((span) => span.name === name));
  expect(job?.parentSpanId).toBe(outer?.spanId);
  expect(inner?.parentSpanId).toBe(job?.spanId);
  expect(new Set([job, outer, inner].map((span) => span?.traceId)).size).toBe(1);
});

it.each([
  ['always_off', '', 0, 0],
  ['parentbased_always_off', '', 0, 1000],
  ['traceidratio', '0.5', 500, 500],
  ['parentbased_traceidratio', '0.5', 500, 1000],
])('the sampler %s decides on spans of ours, below a sampled parent too', async (sampler, argument, alone, below) => {
  const { code, ours } = await exported(
    `
    import { context, trace } from '@opentelemetry/api';
    import { jobs } from 'gaugeway';
    const remote = () => trace.setSpanContext(context.active(), {
      traceId: Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join(''),
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      isRemote: true,
    });
    for (let turn = 0; turn < 1000; turn++) {
      jobs.run('alone', () => undefined);
      context.with(remote(), () => jobs.run('below', () => undefined));
      if (turn % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  `,
    {
      env: {
        OTEL_TRACES_SAMPLER: sampler,
        ...(argument && { OTEL_TRACES_SAMPLER_ARG: argument }),
        OTEL_BSP_MAX_QUEUE_SIZE: '10000',
      },
    },
  );
  expect(code).toBe(0);
  // A fair coin a thousand times: six standard deviations are 95.
  const about = (expected: number) => (expected % 1000 === 0 ? [expected, expected] : [expected - 95, expected + 95]);
  for (const [name, expected] of [
    ['process alone', alone],
    ['process below', below],
  ] as const) {
    const [least, most] = about(expected);
    const { length } = ours.filter((span) => span.name === name);
    expect(length).toBeGreaterThanOrEqual(least as number);
    expect(length).toBeLessThanOrEqual(most as number);
  }
});
