// Preloaded into every part: one whose demo was killed outright must not stay behind.
process.once('disconnect', () => process.exit());
process.channel?.unref();
