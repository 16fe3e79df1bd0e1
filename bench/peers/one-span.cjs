// The least that could be called an instrumentation: one span of each request to a model, from two channels of undici, and
// nothing of any body. What it costs is what OpenTelemetry's SDK costs.
const { subscribe } = require('node:diagnostics_channel');
const { SpanKind, trace } = require('@opentelemetry/api');

const ASKED = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'server.address': '127.0.0.1',
  'server.port': 443,
};
const ANSWERED = {
  'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
  'gen_ai.response.id': 'chatcmpl-1',
  'http.response.status_code': 200,
  'gen_ai.usage.input_tokens': 14,
  'gen_ai.usage.output_tokens': 60,
  'gen_ai.response.finish_reasons': ['stop'],
};

exports.watchRequests = () => {
  const tracer = trace.getTracer('one-span');
  const span = Symbol('span');
  subscribe('undici:request:create', ({ request }) => {
    if (!request.path.endsWith('/chat/completions')) return;
    request[span] = tracer.startSpan('chat gpt-4o-mini', { kind: SpanKind.CLIENT, attributes: ASKED });
  });
  subscribe('undici:request:trailers', ({ request }) => request[span]?.setAttributes(ANSWERED).end());
};
