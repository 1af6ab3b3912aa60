'use strict';

const { after, before } = require('node:test');
const { context, propagation } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { instrument } = require('websockets/opentelemetry');

/**
 * Traces the handshakes of a test file, with the real SDK, which keeps what it would export.
 *
 * @returns {{ exporter: InMemorySpanExporter, tracerProvider: BasicTracerProvider, spans: Function }} `spans(kind)` are
 *   those that have ended since `exporter.reset()`
 */
function traceHandshakes() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let stop;
  before(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    stop = instrument({}, { tracerProvider });
  });
  after(() => {
    stop();
    context.disable();
    propagation.disable();
  });
  const spans = (kind) => exporter.getFinishedSpans().filter((span) => span.kind === kind);
  return { exporter, tracerProvider, spans };
}

module.exports = { traceHandshakes };
