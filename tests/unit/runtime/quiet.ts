/** Import first: what handlers log and count would drown what tests say. Powertools reads both when it is made. */
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED = 'true';
