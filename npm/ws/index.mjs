export * from 'websockets/ws';
export { default } from 'websockets/ws';
