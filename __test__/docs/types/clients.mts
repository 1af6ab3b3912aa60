// The clients that the backplanes take, with the types of their packages.

import { connect } from '@nats-io/transport-node';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { Backplane } from 'websockets';
import { nats } from 'websockets/nats';
import { redis } from 'websockets/redis';

const backplanes: Backplane[] = [
  redis(new Redis()),
  redis(new Cluster([])),
  redis(createClient()),
  redis(createCluster({ rootNodes: [] })),
  nats(await connect()),
];
backplanes.pop();
