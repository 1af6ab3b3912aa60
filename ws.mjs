import WebSocket from './ws.js';

export const { createWebSocketStream, extension, PerMessageDeflate, Receiver, Sender, subprotocol, WebSocketServer } =
  WebSocket;
export { WebSocket };
export default WebSocket;
