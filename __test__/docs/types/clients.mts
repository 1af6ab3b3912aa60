// What the entries take of other packages, with the types of those.

import { connect } from '@nats-io/transport-node';
import { metrics, trace } from '@opentelemetry/api';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { type Backplane, Server } from 'websockets';
import { nats } from 'websockets/nats';
import { instrument } from 'websockets/opentelemetry';
import { redis } from 'websockets/redis';

const backplanes: Backplane[] = [
  redis(new Redis()),
  redis(new Cluster([])),
  redis(createClient()),
  redis(createCluster({ rootNodes: [] })),
  nats(await connect()),
];
backplanes.pop();

const providers = { meterProvider: metrics.getMeterProvider(), tracerProvider: trace.getTracerProvider() };
const stop: () => void = instrument({ chat: new Server() }, providers);
stop();
// @ts-expect-error: a Base, not its name
instrument({ chat: 'chat' });
