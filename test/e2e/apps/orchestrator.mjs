// A job orchestrator: its jobs ask the gateway, which is another service.
import { context, propagation } from '@opentelemetry/api';
import { jobs } from 'gaugeway';
import { answer } from './answer.mjs';

async function summarise(text, behaviour) {
  const headers = {};
  propagation.inject(context.active(), headers);
  const body = JSON.stringify({ text, behaviour });
  const response = await fetch(`${process.env.GATEWAY_URL}/summaries`, { method: 'POST', headers, body });
  if (!response.ok) throw new TypeError(`The gateway said ${response.status}`);
  return response.text();
}

answer({
  /** Tells whether the job succeeded, and what it made. */
  run: ({ id, text, behaviour }) =>
    jobs
      .run({ name: 'summary', queue: 'summaries', system: 'custom', id }, (job) =>
        job.step({ name: 'summarise', agent: 'writer' }, () => summarise(text, behaviour)),
      )
      .then(
        (summary) => ({ summary }),
        (error) => ({ error: error.name }),
      ),
});
