//! Values of JavaScript that are made here, on the env's thread and within a handle scope.

use std::ffi::CStr;
use std::ptr;

use napi::sys;

use super::super::status::{Outcome, check};

/// A number.
pub(crate) fn number(raw: sys::napi_env, number: f64) -> Outcome<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: on the env's thread, within a handle scope; so in the functions below.
    check(unsafe { sys::napi_create_double(raw, number, &mut value) })?;
    Ok(value)
}

/// A number that V8 keeps as an integer, if it is small.
pub(crate) fn integer(raw: sys::napi_env, number: u32) -> Outcome<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: see `number`.
    check(unsafe { sys::napi_create_uint32(raw, number, &mut value) })?;
    Ok(value)
}

/// A boolean.
pub(crate) fn boolean(raw: sys::napi_env, boolean: bool) -> Outcome<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: see `number`.
    check(unsafe { sys::napi_get_boolean(raw, boolean, &mut value) })?;
    Ok(value)
}

/// `null`.
#[cfg(sockets)]
pub(crate) fn null(raw: sys::napi_env) -> Outcome<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: see `number`.
    check(unsafe { sys::napi_get_null(raw, &mut value) })?;
    Ok(value)
}

/// A string of bytes that are one character each.
pub(crate) fn latin1(raw: sys::napi_env, text: &[u8]) -> Outcome<sys::napi_value> {
    let (mut value, data) = (ptr::null_mut(), text.as_ptr().cast());
    // SAFETY: see `number`; Node-API copies `text`.
    check(unsafe { sys::napi_create_string_latin1(raw, data, text.len() as isize, &mut value) })?;
    Ok(value)
}

/// A string.
pub(crate) fn utf8(raw: sys::napi_env, text: &str) -> Outcome<sys::napi_value> {
    let (mut value, data) = (ptr::null_mut(), text.as_ptr().cast());
    // SAFETY: see `number`; Node-API copies `text`.
    check(unsafe { sys::napi_create_string_utf8(raw, data, text.len() as isize, &mut value) })?;
    Ok(value)
}

/// A string of UTF-16.
pub(crate) fn utf16(raw: sys::napi_env, text: &[u16]) -> Outcome<sys::napi_value> {
    let (mut value, data) = (ptr::null_mut(), text.as_ptr());
    // SAFETY: see `number`; Node-API copies `text`.
    check(unsafe { sys::napi_create_string_utf16(raw, data, text.len() as isize, &mut value) })?;
    Ok(value)
}

/// An array.
pub(crate) fn array(raw: sys::napi_env, elements: &[sys::napi_value]) -> Outcome<sys::napi_value> {
    let mut array = ptr::null_mut();
    // SAFETY: see `number`; the elements are values of this env.
    unsafe {
        check(sys::napi_create_array_with_length(
            raw,
            elements.len(),
            &mut array,
        ))?;
        for (index, element) in (0..).zip(elements) {
            check(sys::napi_set_element(raw, array, index, *element))?;
        }
    }
    Ok(array)
}

/// An empty object.
pub(crate) fn object(raw: sys::napi_env) -> Outcome<sys::napi_value> {
    let mut object = ptr::null_mut();
    // SAFETY: see `number`.
    check(unsafe { sys::napi_create_object(raw, &mut object) })?;
    Ok(object)
}

/// Gives an object a property.
pub(crate) fn set(
    raw: sys::napi_env,
    object: sys::napi_value,
    name: &CStr,
    value: sys::napi_value,
) -> Outcome<()> {
    // SAFETY: see `number`; both are values of this env, the name is NUL-terminated.
    check(unsafe { sys::napi_set_named_property(raw, object, name.as_ptr(), value) })
}
