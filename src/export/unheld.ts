import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { describeError } from '../diagnostics.ts';

type Done = (result: { code: number; error?: Error }) => void;

interface Exporter {
  export(items: never, done: Done): void;
}

/** What an exporter has inside: its version is pinned, and a test sees the day when this changes. */
interface ExporterInside {
  readonly _delegate?: { readonly _transport?: RetryingTransport };
}
interface RetryingTransport {
  retry?: (bytes: unknown, timeoutMs: number, inMs: number) => Promise<Attempt>;
  readonly _transport?: HttpTransport;
}
interface HttpTransport {
  send(bytes: unknown, timeoutMs: number): Promise<Attempt>;
  readonly _parameters?: { agentFactory?: (protocol: string) => Agent | Promise<Agent> };
}
interface Attempt {
  readonly status: string;
  readonly error?: Error;
}

const pending = new Set<() => void>();
const FAILED = 1;
let isEnding = false;

/** While a process ends, nobody waits for a far side that cannot be reached at all: every short program would. */
export function expectEnd(isNear: boolean): void {
  isEnding = isNear;
}

/**
 * Lets go of an ending process: the SDK waits for its exporter with timers that hold the process, for up to 30 s each.
 * Called when the deadline of the exit has passed.
 */
export function giveUpExports(): void {
  for (const giveUp of pending) giveUp();
}

/** Makes an exporter that never holds the process, can be given up, and says where it could not send what. */
export function unheld<T extends Exporter>(exporter: T, what: string, url: string): T {
  let lastError: Error | undefined;
  const send = exporter.export;
  exporter.export = (items, done) => {
    const end: Done = ({ code, error }) => {
      if (!pending.delete(giveUp)) return;
      const complaint = `${what} cannot be sent to ${url}: ${reason(error ?? lastError)}`;
      done(code === FAILED ? { code, error: new Error(complaint) } : { code });
    };
    const giveUp = (): void =>
      end({ code: FAILED, error: lastError ?? new Error('not taken before the process ends') });
    pending.add(giveUp);
    send.call(exporter, items, end);
  };
  const retrying = (exporter as ExporterInside)._delegate?._transport;
  const http = retrying?._transport;
  if (retrying === undefined || http === undefined) return exporter;
  const attempt = http.send;
  http.send = async (...args) => {
    const result = await attempt.apply(http, args);
    lastError = result.error;
    return result;
  };
  retrying.retry = (bytes, timeoutMs, inMs) => {
    if (isEnding && lastError !== undefined) return Promise.resolve({ status: 'failure', error: lastError });
    return new Promise((resolve, reject) => {
      setTimeout(() => http.send(bytes, timeoutMs).then(resolve, reject), inMs).unref();
    });
  };
  const create = http._parameters?.agentFactory;
  if (http._parameters !== undefined && create !== undefined) {
    http._parameters.agentFactory = async (protocol) => withUnheldSockets(await create(protocol));
  }
  return exporter;
}

function withUnheldSockets(agent: Agent): Agent {
  const connect = agent.createConnection;
  agent.createConnection = (...args) => {
    const socket = connect.apply(agent, args);
    (socket as Socket | undefined)?.unref();
    return socket;
  };
  const reuse = agent.reuseSocket;
  agent.reuseSocket = (socket, request) => {
    reuse.call(agent, socket, request);
    (socket as Socket).unref();
  };
  return agent;
}

function reason(error: (Error & { code?: unknown }) | undefined): string {
  if (error === undefined) return 'it does not answer as it should';
  const status = typeof error.code === 'number' ? `status ${error.code} ` : '';
  return `${status}${describeError(error)}`;
}
