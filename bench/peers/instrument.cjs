// Preloaded into the process of one peer: its instrumentation in the form that its documentation shows first, over one
// OpenTelemetry SDK, the same that gaugeway uses; openlit brings its own.
const { BENCH_PEER: peer, BENCH_COLLECTOR: collector } = process.env;

const INSTRUMENTATIONS = {
  'opentelemetry contrib': '@opentelemetry/instrumentation-openai',
  traceloop: '@traceloop/instrumentation-openai',
  openinference: '@arizeai/openinference-instrumentation-openai',
};

if (peer === 'openlit') {
  const { default: openlit } = require('openlit');
  // It would download its prices.
  openlit.init({ otlpEndpoint: collector, pricingJson: { chat: {} }, applicationName: 'bench' });
} else {
  const { context, metrics, trace } = require('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-proto');
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
  const { registerInstrumentations } = require('@opentelemetry/instrumentation');
  const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
  const { BatchSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new OTLPMetricExporter({ url: `${collector}/v1/metrics` });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] }));
  const spanProcessors = [
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${collector}/v1/traces` }) }),
  ];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  if (peer === 'one span') require('./one-span.cjs').watchRequests();
  else {
    const { OpenAIInstrumentation } = require(INSTRUMENTATIONS[peer]);
    registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
  }
}
