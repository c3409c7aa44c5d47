#!/usr/bin/env node
import { run } from './program.js';
import { catchOutputErrors } from './standard-output.js';

// A container’s first process would ignore them otherwise; the database undoes what was not committed.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

catchOutputErrors();
process.exitCode = await run(process.argv.slice(2));
