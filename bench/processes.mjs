import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { streams } from './events.mjs';

const load = createRequire(import.meta.url);
export const register = new URL('../dist/src/register.js', import.meta.url).href;

/** The Node versions at hand: 24 from `node`, the others from their aliases. */
export function nodes(wanted) {
  const binaries = { 22: 'node-22/bin/node', 24: 'node/bin/node', 26: 'node-26/bin/node' };
  return Object.entries(binaries)
    .filter(([major]) => wanted.includes(major))
    .map(([major, path]) => ({ major, binary: load.resolve(path) }));
}

/**
 * For processes that live long: how soon the young generation grows to what it can be is chance, and what collecting
 * costs hangs on it more than on anything that is compared.
 */
export const HEAP = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** What a process of ours is given of the environment: no settings of whoever runs this. */
export function inherited() {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR };
}

/** Runs one file in a process of its own and returns what it reports. */
export function run(binary, file, { flags = [], env = {} } = {}) {
  return new Promise((resolve, reject) => {
    execFile(
      binary,
      [...flags, fileURLToPath(new URL(file, import.meta.url))],
      { env: { ...inherited(), ...env }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${file} failed: ${stderr || error.message}`));
        else resolve(JSON.parse(stdout));
      },
    );
  });
}

/** Answers OTLP with 200, and a chat completion with a long stream, each event in a write and a chunk of its own. */
export async function startServer(events) {
  const { text } = streams['openai chat'];
  const frame = (event) => `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`;
  const frames = Array.from({ length: 256 }, (_, i) => Buffer.from(frame(text(i))));
  const last = frame('data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url !== '/v1/chat/completions') return response.end();
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
      // Past the response, which would join what is written in one turn into one chunk.
      const { socket } = response;
      let sent = 0;
      const write = () => {
        while (sent < events) if (!socket.write(frames[sent++ % frames.length])) return socket.once('drain', write);
        socket.write(last);
        response.end();
      };
      write();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
