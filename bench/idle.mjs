// What the explicit API costs in an application that has set nothing up.
import { jobs, modelCalls, operations } from '../dist/src/index.js';
import { interleave, isQuick, report, time } from './rounds.mjs';

const COUNT = isQuick ? 500_000 : 2_000_000;
const ROUNDS = isQuick ? 7 : 21;
let done = 0;
const work = () => {
  done++;
};
const details = (i) => ({ provider: 'openai', model: 'gpt-4o-mini', streaming: i % 2 === 0 });
const job = (i) => ({ name: 'summarise', queue: 'default', attempt: i % 3 });
const usage = { usage: { input: 10, output: 20 } };

const cases = {
  'modelCalls.start, end': [(i) => work(details(i)), (i) => modelCalls.start(details(i)).end(usage)],
  'jobs.start, end': [(i) => work(job(i)), (i) => jobs.start(job(i)).end()],
  'modelCalls.run': [(i) => work(details(i)), (i) => modelCalls.run(details(i), work)],
  'jobs.run': [(i) => work(job(i)), (i) => jobs.run(job(i), work)],
  'operations.run': [() => work(), () => operations.run('load', work)],
};

const figures = {};
for (const [name, [bare, measured]] of Object.entries(cases)) {
  figures[name] = interleave(ROUNDS, { bare: () => time(COUNT, bare), measured: () => time(COUNT, measured) });
}
report({ figures, done });
