'use strict';

/**
 * Properties that are laid over those of an object's class, for some objects of it. They are in a
 * prototype that all these share: as own properties they would take kilobytes of each socket.
 *
 * @param {object} properties methods and accessors; `this` is the object
 * @returns {{ lay(object: object): void, lift(object: object): void }}
 */
function overlay(properties) {
  /** @type {PropertyDescriptorMap} */
  const descriptors = Object.getOwnPropertyDescriptors(properties);
  const names = Object.keys(descriptors);
  /** @type {WeakMap<object, object>} what lies over a prototype */
  const laid = new WeakMap();
  /** @type {WeakMap<object, object>} the reverse */
  const under = new WeakMap();

  /** Has the properties hold for an object, over its own of the same names too. @param {object} object */
  function lay(object) {
    const prototype = Object.getPrototypeOf(object);
    let over = laid.get(prototype);
    if (over === undefined) {
      const made = /** @type {object} */ (Object.create(prototype, descriptors));
      laid.set(prototype, made);
      under.set(made, prototype);
      over = made;
    }
    Object.setPrototypeOf(object, over);
    for (const name of names) {
      if (Object.hasOwn(object, name)) {
        Object.defineProperty(object, name, descriptors[name]);
      }
    }
  }

  /**
   * Undoes it: the object is what its class makes it. Those laid later are lifted before.
   *
   * @param {object} object
   */
  function lift(object) {
    Object.setPrototypeOf(object, /** @type {object} */ (under.get(Object.getPrototypeOf(object))));
    for (const name of names) {
      delete (/** @type {Record<string, unknown>} */ (object)[name]);
    }
  }

  return { lay, lift };
}

module.exports = { overlay };
