/**
 * A plugin of the framework, so that `serverless deploy` does the whole: checks the definitions, builds the bundles and
 * the layer, deploys, and publishes the definitions.
 */
const { spawnSync } = require('node:child_process');
const { grantWatchedBuckets } = require('./watched-buckets.cjs');

module.exports = class MillracePlugin {
  constructor(serverless) {
    const { provider } = serverless.service;
    const run = (args, env = {}) => {
      const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
      // What is wrong was said by the program itself.
      if (status !== 0) throw new serverless.classes.Error(`${args[0]} failed`);
    };
    this.hooks = {
      'before:package:initialize': () => {
        const { resources, custom } = serverless.service;
        grantWatchedBuckets(resources.Resources, custom.platform.watchedBuckets ?? []);
        run(['scripts/build.ts']);
      },
      'before:package:compileLayers': () => this.packageOffline(serverless),
      'after:deploy:deploy': () =>
        run(['cli/millrace.ts', 'publish', '--stage', provider.stage], { AWS_REGION: provider.region }),
    };
  }

  /**
   * To spare an upload the framework asks CloudFormation whether the deployed stack has the same layer already, even
   * when nothing is to be deployed: `serverless package` would need credentials. `deploy` still asks.
   */
  packageOffline(serverless) {
    if (serverless.processedInput.commands[0] !== 'package') return;
    const layers = serverless.pluginManager
      .getPlugins()
      .find((plugin) => typeof plugin.compareWithLastLayer === 'function');
    // Another version of the framework may do it elsewhere: then packaging says so, instead of asking AWS.
    if (!layers) {
      throw new Error('the framework compiles layers in another way: scripts/serverless-plugin.cjs needs a look');
    }
    layers.compareWithLastLayer = async () => undefined;
  }
};
