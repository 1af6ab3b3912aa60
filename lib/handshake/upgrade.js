'use strict';

const { createUpgradeRequest } = require('./client/create-upgrade.js');
const { handleUpgradeRequest } = require('./server/handle-upgrade.js');

/** The opening handshake of either side, for those who assign sockets themselves. */
const Upgrade = Object.freeze({ createUpgradeRequest, handleUpgradeRequest });

module.exports = { Upgrade };
