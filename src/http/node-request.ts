import type { IncomingMessage, ServerResponse } from 'node:http';
import { hookFailed } from '../observe.ts';
import { type RequestDescription, type RequestStart, type RunningRequest, requests } from '../recorders/requests.ts';
import type { Settings } from './middleware.ts';

/**
 * Starts the record of a request that Node answers; its response ends it. Undefined when there is nothing to record.
 * Nothing of the request or the response is changed: one listener waits for the response's end.
 */
export function startNodeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  settings: Settings,
  subject: unknown,
): RunningRequest | undefined {
  try {
    const running = requests.start(startOf(request, response), settings, subject);
    if (running === undefined) return undefined;
    // First in line: another instrumentation that ends its own record now reads the route that is told here. A response
    // closes once, so the listener need not take itself off.
    response.prependListener('close', () => {
      try {
        running.tellRoute();
        end(running, request, response);
      } catch (error) {
        hookFailed('a middleware', error);
      }
    });
    return running;
  } catch (error) {
    hookFailed('a middleware', error);
    return undefined;
  }
}

function startOf(request: IncomingMessage, response: ServerResponse): RequestStart {
  return {
    method: request.method ?? '',
    scheme: (request.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http',
    headers: request.headers,
    protocolVersion: request.httpVersionMajor >= 2 ? String(request.httpVersionMajor) : request.httpVersion,
    identity: request,
    response,
    describe,
  };
}

function describe(request: IncomingMessage): RequestDescription {
  const { headers } = request;
  return {
    path: pathOf((request as { originalUrl?: string }).originalUrl ?? request.url ?? '/'),
    // HTTP/2 has no Host header.
    host: (headers[':authority'] as string | undefined) ?? headers.host,
    userAgent: headers['user-agent'],
  };
}

/** A request through a proxy may name its whole URL, with what is in it. */
function pathOf(target: string): string {
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  if (path.startsWith('/') || path === '*') return path;
  return URL.canParse(path) ? new URL(path).pathname : '/';
}

function end(running: RunningRequest, request: IncomingMessage, response: ServerResponse): void {
  const { headersSent } = response;
  // The connection speaks another protocol now, for as long as it likes.
  if (!headersSent && request.headers.upgrade !== undefined) return running.discard();
  // HTTP/2 has no `writableFinished`.
  const isComplete = response.writableFinished ?? response.writableEnded;
  const hasNoBody = request.method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304;
  running.end({
    statusCode: headersSent ? response.statusCode : undefined,
    aborted: !isComplete,
    requestBytes: length(request.headers['content-length']),
    responseBytes: hasNoBody || !isComplete ? undefined : length(response.getHeader('content-length')),
  });
}

function length(header: unknown): number | undefined {
  const bytes = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : header;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) ? bytes : undefined;
}
