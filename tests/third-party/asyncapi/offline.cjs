// Loaded before a tool of somebody else: reaching for the network ends the process.
const { Socket } = require("node:net");

const CODE = 97;

Socket.prototype.connect = function connect(...args) {
  const [{ host, port, path }] = args.flat();
  console.error("reached for the network:", host, port, path);
  process.exit(CODE);
};
