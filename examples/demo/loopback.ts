import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';

// `fetch` and the global agent may go through a proxy that the user's shell names; this stays on the machine.
const agent = new Agent({ keepAlive: true });

/** One request to a server on this machine. */
export function ask(
  method: 'GET' | 'POST',
  url: string,
  { limitMs = 5000, json }: { limitMs?: number; json?: unknown } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(url, { method, headers, agent, timeout: limitMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${url} does not answer`)));
    sent.on('error', reject);
    sent.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

/**
 * A port that nothing listens on, and that no outgoing connection is given meanwhile: systems take those from 32768 on,
 * and a port that the system chose is soon chosen again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768);
    const server = createServer().listen({ port, host: '127.0.0.1' });
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Whether an OpenTelemetry Collector takes OTLP here; whatever else may listen there refuses an empty export. */
export async function isCollector(url: string): Promise<boolean> {
  try {
    const { status } = await ask('POST', `${url}/v1/metrics`, { json: { resourceMetrics: [] }, limitMs: 1000 });
    return status === 200;
  } catch {
    return false;
  }
}
