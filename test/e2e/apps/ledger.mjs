// A backend that writes down what it takes before it says that it has it: OTLP in JSON, a line a request.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

const { PORT, LEDGER } = process.env;

createServer(async (request, response) => {
  if (request.method !== 'POST') return response.end();
  const isPacked = request.headers['content-encoding'] === 'gzip';
  const body = await text(isPacked ? request.pipe(createGunzip()) : request);
  appendFileSync(LEDGER, `${JSON.stringify({ from: request.headers['x-gateway'], ...JSON.parse(body) })}\n`);
  response.setHeader('content-type', 'application/json').end('{}');
}).listen(Number(PORT), '127.0.0.1');
