// The first line of an application: how long it took to get here, and at what size.
const atMs = performance.now();
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ atMs, cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }));
process.exit(0);
