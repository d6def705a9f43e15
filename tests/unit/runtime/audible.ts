/** Import first: what is logged goes to the test's own console, and nothing is counted. Powertools reads these when it is made. */
process.env.POWERTOOLS_DEV = 'true';
process.env.POWERTOOLS_LOG_LEVEL = 'INFO';
process.env.POWERTOOLS_METRICS_DISABLED = 'true';
