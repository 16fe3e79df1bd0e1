import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { type RunningServer, startServer } from './process.ts';

/** The Alertmanager's configuration that ships. */
export const ALERTMANAGER_CONFIG = fileURLToPath(
  new URL('../../../deploy/alertmanager/alertmanager.yml', import.meta.url),
);

/** An alert as a webhook is told of it. */
export interface SentAlert {
  status: 'firing' | 'resolved';
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** An Alertmanager that runs, and everything that it has sent to its receivers. */
export interface Alertmanager extends RunningServer<'http'> {
  /** For the `alerting` part of Prometheus: `host:port`. */
  address: string;
  /** Alerts in the order in which they were told, by the name of the receiver. */
  sent: Record<string, SentAlert[]>;
}

/** Starts an Alertmanager with the shipped configuration whose receivers all lead to a webhook in this process. */
export async function startAlertmanager(): Promise<Alertmanager> {
  const sent: Record<string, SentAlert[]> = {};
  const webhook = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { receiver, alerts } = JSON.parse(body) as { receiver: string; alerts: SentAlert[] };
    sent[receiver] = [...(sent[receiver] ?? []), ...alerts];
    response.end();
  });
  await new Promise<void>((done) => webhook.listen(0, '127.0.0.1', done));
  const hook = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  const closeWebhook = () => {
    webhook.closeAllConnections();
    webhook.close();
  };
  try {
    const running = await startServer({
      server: 'alertmanager',
      binary: 'alertmanager',
      ports: ['http'],
      async prepare(ports, folder) {
        const shipped = parse(await readFile(ALERTMANAGER_CONFIG, 'utf8'));
        for (const receiver of shipped.receivers) receiver.webhook_configs = [{ url: hook }];
        // A person can wait ten seconds for a message, a test need not.
        shipped.route = { ...shipped.route, group_wait: '0s', group_interval: '1s' };
        await writeFile(join(folder, 'alertmanager.yml'), stringify(shipped));
        return {
          args: [
            '--config.file=alertmanager.yml',
            '--storage.path=data',
            '--cluster.listen-address=',
            `--web.listen-address=127.0.0.1:${ports.http}`,
          ],
          readyUrl: `http://127.0.0.1:${ports.http}/-/ready`,
        };
      },
    });
    return {
      ...running,
      address: `127.0.0.1:${running.ports.http}`,
      sent,
      async stop() {
        await running.stop();
        closeWebhook();
      },
    };
  } catch (error) {
    closeWebhook();
    throw error;
  }
}
