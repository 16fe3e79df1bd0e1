import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Behaviour, type ContentEncoding, negotiateEncoding, wait, waitForever } from './behaviour.ts';
import { createEncoder } from './encoder.ts';
import { type JsonStyle, writeJson, writePrettyJson } from './json.ts';
import type { Outcome } from './ledger.ts';
import type { ErrorReply, JsonReply, Reply, StreamEvent, StreamReply } from './reply.ts';
import type { Wire } from './wire.ts';

const LARGE_BODY_BYTES = 65_536;

/** Sends a reply at the behaviour's pace and with its faults; rejects if the client leaves first. */
export async function transmit(reply: Reply, behaviour: Behaviour, wire: Wire): Promise<Outcome> {
  if (behaviour.hang === 'headers') return waitForever(wire.gone);
  await wait(behaviour.headerDelayMs, wire.gone);
  if (behaviour.rawBody !== undefined) {
    const contentType = behaviour.contentType ?? 'application/json';
    return transmitWhole(Buffer.from(behaviour.rawBody), 200, { 'content-type': contentType }, behaviour, wire);
  }
  if (reply.kind === 'bytes') {
    const headers = { ...reply.headers, 'content-type': reply.contentType };
    return transmitWhole(reply.body, 200, headers, behaviour, wire);
  }
  return reply.kind === 'json' ? transmitJson(reply, behaviour, wire) : transmitStream(reply, behaviour, wire);
}

/** Sends an error body; the headers may be delayed and the body encoded like any other. */
export async function transmitError(
  status: number,
  { body, headers, pretty }: ErrorReply,
  behaviour: Behaviour,
  wire: Wire,
): Promise<Outcome> {
  if (behaviour.hang === 'headers') return waitForever(wire.gone);
  await wait(behaviour.headerDelayMs, wire.gone);
  const retry = behaviour.retryAfterSeconds === undefined ? {} : { 'retry-after': String(behaviour.retryAfterSeconds) };
  const raw = behaviour.rawBody === undefined ? writeBody(body, pretty, behaviour) : Buffer.from(behaviour.rawBody);
  const contentType = behaviour.contentType ?? 'application/json';
  await transmitWhole(raw, status, { ...headers, ...retry, 'content-type': contentType }, behaviour, wire);
  return { error: status };
}

function transmitJson({ body, headers, pretty }: JsonReply, behaviour: Behaviour, wire: Wire): Promise<Outcome> {
  const contentType = behaviour.contentType ?? (pretty ? 'application/json; charset=UTF-8' : 'application/json');
  const bytes = writeBody(body, pretty, behaviour);
  return transmitWhole(bytes, 200, { ...headers, 'content-type': contentType }, behaviour, wire);
}

async function transmitWhole(
  whole: Buffer,
  status: number,
  headers: Record<string, string>,
  behaviour: Behaviour,
  wire: Wire,
): Promise<Outcome> {
  const encoding = negotiateEncoding(behaviour.encoding, wire.requestHeaders);
  const encoder = createEncoder(encoding);
  const half = whole.subarray(0, Math.ceil(whole.length / 2));
  const cut = behaviour.dropAfterChunks !== undefined || behaviour.resetAfterChunks !== undefined;
  const partial = cut || behaviour.hang === 'body';
  const content = behaviour.truncate ? half : whole;
  const bytes = Buffer.concat([await encoder.write(content), await encoder.end()]);
  wire.start(status, { ...headers, ...encodingHeader(encoding), 'content-length': String(bytes.length) });
  await wait(behaviour.firstChunkDelayMs, wire.gone);
  if (behaviour.goawayAfterChunks !== undefined && wire.goaway(behaviour.goawayCode) === 'killed') return 'dropped';
  if (partial) {
    await writePieces(bytes.subarray(0, Math.ceil(bytes.length / 2)), behaviour, wire);
    if (!cut) return waitForever(wire.gone);
    return cutOff(behaviour, wire);
  }
  wire.request.chunksSent += 1;
  // A client may leave in the middle of a large body; a small one is gone at once.
  const large = behaviour.splitBytes > 0 || bytes.length > LARGE_BODY_BYTES;
  if (large) await writePieces(bytes, behaviour, wire);
  wire.end(large ? undefined : bytes);
  return behaviour.truncate ? 'dropped' : 'completed';
}

async function transmitStream(reply: StreamReply, behaviour: Behaviour, wire: Wire): Promise<Outcome> {
  const encoding = negotiateEncoding(behaviour.encoding, wire.requestHeaders);
  const encoder = createEncoder(encoding);
  const contentType = {
    sse: `text/event-stream${reply.google ? '' : '; charset=utf-8'}`,
    'json-array': 'application/json',
    lines: 'application/x-ndjson',
  }[reply.framing];
  wire.start(200, {
    ...reply.headers,
    ...encodingHeader(encoding),
    'cache-control': 'no-cache',
    'content-type': behaviour.contentType ?? contentType,
  });
  await wait(behaviour.firstChunkDelayMs, wire.gone);
  const frame = createFraming(reply, behaviour);
  const deltas = reply.events.filter((event) => event.delta).length;
  const stopAfter = behaviour.truncate ? Math.ceil(deltas / 2) : Number.POSITIVE_INFINITY;
  let goawayAfter = behaviour.goawayAfterChunks;
  let sent = 0;
  let held = '';
  let heldEvents = 0;
  const flush = async (): Promise<void> => {
    if (held === '') return;
    const text = held;
    held = '';
    heldEvents = 0;
    await writePieces(await encoder.write(Buffer.from(text)), behaviour, wire);
    wire.request.chunksSent = sent;
  };
  const finish = async (outcome: Outcome, closing: string): Promise<Outcome> => {
    const rest = [await encoder.write(Buffer.from(held + closing)), await encoder.end()];
    wire.request.chunksSent = sent;
    const bytes = Buffer.concat(rest);
    if (behaviour.splitBytes > 0) await writePieces(bytes, behaviour, wire);
    // Clients hang up on the terminal event, so nothing may be awaited between it and the end.
    wire.end(behaviour.splitBytes > 0 ? undefined : bytes);
    return outcome;
  };
  for (const event of reply.events) {
    if (event.delta || sent === deltas) {
      if (sent === goawayAfter) {
        goawayAfter = undefined;
        await flush();
        if (wire.goaway(behaviour.goawayCode) === 'killed') return 'dropped';
      }
      if (sent === behaviour.dropAfterChunks || sent === behaviour.resetAfterChunks) {
        await flush();
        return cutOff(behaviour, wire);
      }
      if (sent === behaviour.errorEventAfterChunks) {
        for (const failure of reply.fail(reply.events.indexOf(event))) held += frame(failure);
        return finish({ error: 'stream' }, frame.close);
      }
      if (behaviour.hang === 'body' && sent > 0) {
        await flush();
        return waitForever(wire.gone);
      }
      if (sent >= stopAfter) return finish('dropped', frame.close);
    }
    if (event.delta && sent > 0) await wait(behaviour.chunkDelayMs, wire.gone);
    if (event.delta) sent += 1;
    held += frame(event);
    wire.request.toldTokens = event.toldTokens ?? wire.request.toldTokens;
    heldEvents += 1;
    // Everything after the last delta leaves in one write, together with the end.
    if (sent < deltas || event.delta) {
      if (heldEvents >= behaviour.coalesce) await flush();
    }
  }
  return finish('completed', frame.close);
}

interface Framing {
  (event: StreamEvent): string;
  /** What closes a body of this framing. */
  close: string;
}

function createFraming(reply: StreamReply, behaviour: Behaviour): Framing {
  const style: JsonStyle = behaviour.spacedJson ? 'spaced' : reply.google ? 'google' : 'compact';
  if (reply.framing === 'json-array') {
    let separator = '[';
    const frame = ({ payload }: StreamEvent): string => {
      const opened = separator;
      separator = ',\r\n';
      return `${opened}${writePrettyJson(payload)}\n`;
    };
    return Object.assign(frame, { close: behaviour.truncate ? '' : ']' });
  }
  if (reply.framing === 'lines') {
    return Object.assign(({ payload }: StreamEvent) => `${writeJson(payload, style)}\n`, { close: '' });
  }
  const newline = (behaviour.crlf ?? reply.google === true) ? '\r\n' : '\n';
  const frame = ({ name, payload }: StreamEvent): string => {
    const text = typeof payload === 'string' ? payload : writeJson(payload, style);
    const eventLine = name === undefined ? '' : `event: ${name}${newline}`;
    return `${eventLine}data: ${text}${newline}${newline}`;
  };
  return Object.assign(frame, { close: '' });
}

function writeBody(body: unknown, pretty: true | undefined, behaviour: Behaviour): Buffer {
  return Buffer.from(
    pretty ? `${writePrettyJson(body)}\n` : writeJson(body, behaviour.spacedJson ? 'spaced' : 'compact'),
  );
}

async function writePieces(bytes: Buffer, { splitBytes }: Behaviour, wire: Wire): Promise<void> {
  if (splitBytes <= 0) return wire.write(bytes);
  for (let from = 0; from < bytes.length; from += splitBytes) {
    await wire.write(bytes.subarray(from, from + splitBytes));
    await nextTurn();
  }
}

async function cutOff(behaviour: Behaviour, wire: Wire): Promise<Outcome> {
  // Bytes still on their way to the socket would be lost with it, and the client would see fewer chunks.
  await nextTurn();
  if (behaviour.resetAfterChunks === undefined) wire.drop();
  else wire.reset(behaviour.resetCode);
  return 'dropped';
}

function encodingHeader(encoding: ContentEncoding): Record<string, string> {
  return encoding === 'identity' ? {} : { 'content-encoding': encoding, vary: 'Accept-Encoding' };
}
