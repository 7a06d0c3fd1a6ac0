/**
 * Stands in for the package `global-agent` (package.json, `overrides`), of which onnxruntime-node uses one function, in its install
 * script, just before it fetches 300 MB of CUDA libraries from another host and fails the whole `npm ci` where that host is not
 * reached. Everything else of onnxruntime-node is in its npm package, so the script may end there, with success.
 *
 * Why this way: npm 11.16 and later can refuse the script (package.json, `allowScripts`), but npm 10, which comes with Node 20 and 22,
 * does not know that field; the script's own setting in .npmrc is an unknown key to npm 11, which warns at every `npx divisi`.
 *
 * Who wants the CUDA libraries asks for them:
 * `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js`
 */
exports.bootstrap = () => {
  const requested =
    process.env.ONNXRUNTIME_NODE_INSTALL ||
    process.env.npm_config_onnxruntime_node_install ||
    process.argv.some((argument) => argument.startsWith('--onnxruntime-node-install'))
  if (!requested) process.exit(0)
}
