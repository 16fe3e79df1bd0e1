/** The service that the requests come from. */
export const SERVICE = 'stack-test';

/** An attribute with a string. */
export const string = (key: string, value: string) => ({ key, value: { stringValue: value } });
/** An attribute with an integer. */
export const integer = (key: string, value: number) => ({ key, value: { intValue: String(value) } });
/** A time in OTLP's unit. */
export const nanoseconds = (ms: number) => `${ms}000000`;

const resource = {
  attributes: [string('service.name', SERVICE), string('service.instance.id', 'instance-1')],
};

/** Posts one request to a receiver's base URL; throws unless it is accepted. */
export async function postOtlp(otlpUrl: string, signal: 'metrics' | 'traces', body: unknown): Promise<void> {
  const response = await fetch(`${otlpUrl}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${otlpUrl}/v1/${signal}: ${response.status} ${answer}`);
}

/** One histogram, one counter and one gauge. */
export function metricsRequest() {
  const now = Date.now();
  const attributes = [string('gen_ai.operation.name', 'chat'), string('gen_ai.request.model', 'model-a')];
  const times = { startTimeUnixNano: nanoseconds(now - 10_000), timeUnixNano: nanoseconds(now) };
  return {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            scope: { name: 'gaugeway', version: '1.2.3' },
            metrics: [
              {
                name: 'gen_ai.client.operation.duration',
                unit: 's',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [
                    {
                      ...times,
                      attributes,
                      count: '3',
                      sum: 1.5,
                      bucketCounts: ['1', '2', '0'],
                      explicitBounds: [0.1, 1],
                    },
                  ],
                },
              },
              {
                name: 'gaugeway.jobs.completed',
                unit: '{job}',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [{ ...times, attributes, asInt: '7' }],
                },
              },
              {
                name: 'gaugeway.cache.hit',
                unit: '1',
                gauge: { dataPoints: [{ ...times, attributes, asDouble: 0.25 }] },
              },
            ],
          },
        ],
      },
    ],
  };
}

/** One finished client span with the given fields. */
export function spanRequest(span: Record<string, unknown>) {
  const now = Date.now();
  return {
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope: { name: 'gaugeway' },
            spans: [
              {
                traceId: '5b8efff798038103d269b633813fc60c',
                spanId: 'eee19b7ec3c1b174',
                name: 'chat model-a',
                kind: 3,
                startTimeUnixNano: nanoseconds(now - 500),
                endTimeUnixNano: nanoseconds(now),
                ...span,
              },
            ],
          },
        ],
      },
    ],
  };
}
