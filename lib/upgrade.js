'use strict';

const { createUpgradeRequest } = require('./create-upgrade.js');
const { handleUpgradeRequest } = require('./handle-upgrade.js');

/** The opening handshake of either side, for those who assign sockets themselves. */
const Upgrade = Object.freeze({ createUpgradeRequest, handleUpgradeRequest });

module.exports = { Upgrade };
