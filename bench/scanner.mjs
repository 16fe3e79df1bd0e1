// How fast the scanner passes over request bodies; the goal is about one long string, the rest is for information.

import { openAiChat } from '../dist/instrumentations/wire/formats/openai-chat.js';
import { compileFields } from '../dist/instrumentations/wire/json-fields.js';
import { JsonScanner } from '../dist/instrumentations/wire/json-scanner.js';
import { isQuick, median, report, time } from './rounds.mjs';

const MEGABYTE = 1024 * 1024;
const SENTENCE = 'The quick brown fox measures the gateway, and nobody waits for it. ';
const code = 'if (a === "b") {\n\treturn `c\\d`;\n}\n';

function chat(messages) {
  return Buffer.from(
    JSON.stringify({ messages, temperature: 0.2, tools: [], stream: true, model: 'gpt-4o-mini', max_tokens: 1024 }),
  );
}

const user = (content) => ({ role: 'user', content });
const bodies = {
  'one long string': chat([user(SENTENCE.repeat(MEGABYTE / SENTENCE.length))]),
  'many short messages': chat(Array.from({ length: 8000 }, (_, i) => user(SENTENCE.slice(0, 20 + (i % 47))))),
  'code, many escapes': chat(Array.from({ length: 40 }, () => user(code.repeat(500)))),
  'base64 image': chat([
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'iVBORw0K'.repeat(MEGABYTE / 8)}` } }],
    },
  ]),
};

const ROUNDS = isQuick ? 5 : 15;
const PIECE = 64 * 1024;
const fields = compileFields(openAiChat.request);
const scanner = new JsonScanner(fields);

function scan(body, piece) {
  scanner.reset();
  for (let at = 0; at < body.length; at += piece) scanner.feed(body, at, Math.min(body.length, at + piece));
  if (!scanner.complete || scanner.facts.model !== 'gpt-4o-mini') throw new Error('the scanner misread its body');
}

const figures = {};
for (const [name, body] of Object.entries(bodies)) {
  for (const piece of name === 'one long string' ? [body.length, PIECE] : [body.length]) {
    const once = time(20, () => scan(body, piece));
    const scans = Math.ceil((isQuick ? 5e6 : 20e6) / once);
    const speed = () => body.length / time(scans, () => scan(body, piece));
    speed();
    const speeds = Array.from({ length: ROUNDS }, speed);
    const again = Array.from({ length: ROUNDS }, speed);
    const text = body.toString();
    const parsed = Array.from({ length: 3 }, () => body.length / time(5, () => JSON.parse(text)));
    figures[piece === PIECE ? `${name}, in pieces of 64 kB` : name] = {
      bytes: body.length,
      gigabytesPerSecond: median([...speeds, ...again]),
      noiseRatio: median(again) / median(speeds),
      timesJsonParse: median(speeds) / median(parsed),
    };
  }
}
report({ figures });
