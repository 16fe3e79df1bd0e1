// Gateways under load, one alive at a time: one that others have rested beside for seconds finds none of its code and data in
// the caches of the processor, and a gateway does not rest.
import autocannon from 'autocannon';
import { THROUGHPUT } from '../report.mjs';
import { Peer } from './peer.mjs';
import { EVENTS } from './setups.mjs';
import { beside, takeTurns } from './turns.mjs';
import { startUpstream } from './upstream.mjs';

const CONCURRENCY = 32;
const CPU = 'gateway, CPU per request';
/** Until then its code is being compiled: a request costs half as much again in the first seconds. */
const WARM_UP_S = 12;
const MEASURED_S = 6;
/** Requests a second; below, a gateway hands nothing on any more. */
const FEW = 20;
const request = { method: 'POST', body: JSON.stringify({ messages: [{ role: 'user', content: 'Why?' }] }) };

class Gateway {
  windows = [];
  isStuck = false;
  #start;

  constructor(start) {
    this.#start = start;
  }

  /** Measured in a process of its own each time: two that run the same code differ for as long as they live. */
  async measure() {
    if (this.isStuck) return;
    const peer = await this.#start();
    try {
      const url = `http://127.0.0.1:${peer.ready.port}/`;
      // The first request loads what some load late, for seconds; what comes after it is compiled.
      await (await fetch(url, request)).text();
      const { requests, duration } = await shoot(url, WARM_UP_S);
      this.isStuck = requests.total < duration * FEW;
      if (!this.isStuck) this.windows.push(await measure(peer, url));
    } finally {
      await peer.stop();
    }
  }
}

async function measure(peer, url) {
  const cpu = async () => (await peer.ask('cpu')).cpuNs;
  const before = await cpu();
  const { requests, duration, non2xx, errors } = await shoot(url, MEASURED_S);
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`);
  return { [THROUGHPUT]: requests.total / duration, [CPU]: ((await cpu()) - before) / requests.total };
}

// For a time: with an amount of requests autocannon ends at its next full second, which would be all that is measured.
function shoot(url, duration) {
  return autocannon({ ...request, url, connections: CONCURRENCY, duration, timeout: 60 });
}

/** Of each set-up its throughput and its CPU per request, each beside the bare ones of the same turn. */
export async function compareGateways(binary, openai, setups, isQuick) {
  const upstream = await startUpstream(EVENTS);
  const gateways = new Map(
    setups.map((setup) => [setup, new Gateway(() => Peer.start(binary, './gateway.cjs', setup, openai, upstream))]),
  );
  await takeTurns(gateways, isQuick ? 2 : 5, (gateway) => gateway.measure());
  upstream.close();
  const stuck = setups.filter((setup) => gateways.get(setup).isStuck);
  for (const setup of stuck) gateways.delete(setup);
  const lost = {};
  for (const [setup, { bare, ratio, noiseRatio }] of Object.entries(beside(gateways, THROUGHPUT))) {
    lost[setup] = { bare, above: 1 - ratio, noise: Math.abs(1 - noiseRatio) };
  }
  for (const setup of stuck) lost[setup] = { ...lost.gaugeway, above: 1 };
  return { [THROUGHPUT]: lost, [CPU]: beside(gateways, CPU) };
}
