import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { Base } from './index.js';

export interface InstrumentOptions {
  /** Gets the metrics. @default the global one, `metrics.getMeterProvider()` of `@opentelemetry/api` */
  meterProvider?: MeterProvider | undefined;
  /** Gets the spans of handshakes. @default the global one, `trace.getTracerProvider()` */
  tracerProvider?: TracerProvider | undefined;
}

/**
 * Reports metrics of some Bases, and a span for each opening handshake of the process, a server's or a client's, but for
 * those of `websockets/ws` and those that the app does itself. Call it once, after the providers have been set up.
 *
 * @param bases what is measured, each by one name: the attribute `websockets.base`
 * @returns stops it
 */
export function instrument(bases: Record<string, Base>, options?: InstrumentOptions): () => void;
