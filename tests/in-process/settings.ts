/** Read by the loggers of the steps when they are loaded: import this before them. In one process their lines have no place. */
process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
