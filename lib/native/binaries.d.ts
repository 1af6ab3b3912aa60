/** The binaries of the platforms: each has the same functions. */
declare module '*.node' {
  const native: unknown;
  export = native;
}

declare module '@websockets-rs/websockets-*' {
  const native: unknown;
  export = native;
}
