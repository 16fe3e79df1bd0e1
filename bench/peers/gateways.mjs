// Gateways under load, all of them alive at once and asked in turn, a second each: clock speed and neighbours change from
// one minute to the next by more than what is measured.
import autocannon from 'autocannon';
import { THROUGHPUT } from '../report.mjs';
import { Peer } from './peer.mjs';
import { EVENTS } from './setups.mjs';
import { beside, takeTurns } from './turns.mjs';
import { startUpstream } from './upstream.mjs';

const CONCURRENCY = 32;
const CPU = 'gateway, CPU per request';
/** Until then its code is being compiled: a request costs half as much again in the first seconds. */
const WARM_UP_S = 25;
/** Requests a second; below, a gateway hands nothing on any more. */
const FEW = 20;
const request = { method: 'POST', body: JSON.stringify({ messages: [{ role: 'user', content: 'Why?' }] }) };

class Gateway {
  windows = [];
  #peer;
  #url;

  static async start(binary, setup, openai, upstream) {
    const gateway = new Gateway();
    gateway.#peer = await Peer.start(binary, './gateway.cjs', setup, openai, upstream);
    gateway.#url = `http://127.0.0.1:${gateway.#peer.ready.port}/`;
    // The first request loads what some load late, for seconds; what comes after it is compiled.
    await (await fetch(gateway.#url, request)).text();
    return gateway;
  }

  // For a time: with an amount of requests autocannon ends at its next full second, which would be all that is measured.
  shoot(duration) {
    return autocannon({ ...request, url: this.#url, connections: CONCURRENCY, duration, timeout: 60 });
  }

  async measure() {
    const before = await this.#cpu();
    const { requests, duration, non2xx, errors } = await this.shoot(1);
    if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`);
    const cpu = ((await this.#cpu()) - before) / requests.total;
    this.windows.push({ [THROUGHPUT]: requests.total / duration, [CPU]: cpu });
  }

  async #cpu() {
    return (await this.#peer.ask('cpu')).cpuNs;
  }

  stop() {
    return this.#peer.stop();
  }
}

/** Of each set-up its throughput and its CPU per request, each window beside the bare one of the same turn. */
export async function compareGateways(binary, openai, setups, isQuick) {
  const upstream = await startUpstream(EVENTS);
  const gateways = new Map();
  for (const setup of setups) gateways.set(setup, await Gateway.start(binary, setup, openai, upstream));
  const stuck = [];
  for (const [setup, gateway] of gateways) {
    const { requests, duration } = await gateway.shoot(WARM_UP_S);
    if (requests.total > duration * FEW) continue;
    // It would burn, beside the others, what they are asked for.
    gateways.delete(setup);
    stuck.push(setup);
    await gateway.stop();
  }
  await takeTurns(gateways, isQuick ? 6 : 20, (gateway) => gateway.measure());
  for (const gateway of gateways.values()) await gateway.stop();
  upstream.close();
  const lost = {};
  for (const [setup, { bare, ratio, noiseRatio }] of Object.entries(beside(gateways, THROUGHPUT))) {
    lost[setup] = { bare, above: 1 - ratio, noise: Math.abs(1 - noiseRatio) };
  }
  for (const setup of stuck) lost[setup] = { ...lost.gaugeway, above: 1 };
  return { [THROUGHPUT]: lost, [CPU]: beside(gateways, CPU) };
}
