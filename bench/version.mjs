import { report } from './rounds.mjs';

report({ version: process.version });
