//! What a Rust plugin needs to stay within the rules of lathe.h. Nothing here is about a method.
#![allow(dead_code)]

use std::any::Any;
use std::ffi::CStr;
use std::mem::{size_of, zeroed};
use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::lathe::*;

/// A static table of pointers to other static data.
#[repr(transparent)]
pub struct Table<T>(pub T);
unsafe impl<T> Sync for Table<T> {}

/// A failure on its way to `guarded`: a status and one sentence.
pub struct Failure(pub lathe_status, pub String);

/// `Err` unless `status` is OK. The host adds its own reason to `what`.
pub fn check(status: lathe_status, what: &str) -> Result<(), Failure> {
    if status == OK {
        Ok(())
    } else {
        Err(Failure(status, what.to_string()))
    }
}

/// Runs `body` and tells the host why it failed. No panic may cross the boundary, so every function of a table is
/// one call of this.
pub unsafe fn guarded(host: *const lathe_host, body: impl FnOnce() -> Result<(), Failure>) -> lathe_status {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure(ERR_INTERNAL, panic_text(panic.as_ref())),
    };
    let mut text = failure.1.replace('\0', " ");
    text.push('\0');
    ((*host).fail)(host, failure.0, text.as_ptr().cast())
}

/// What `panic!` was given: text in all but unusual cases.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    match words {
        Some(words) => format!("the plugin panicked: {words}"),
        None => "the plugin panicked".to_string(),
    }
}

/// The host's table with this id. `create` is not called where a table that the strategy requires is missing; any
/// other table may be. Every table begins with its size in bytes: one that is smaller than `T` is not looked into.
pub unsafe fn table<T>(host: *const lathe_host, id: &CStr) -> Result<&'static T, Failure> {
    let found = ((*host).get_extension)(host, id.as_ptr());
    if found.is_null() || (*found.cast::<u32>() as usize) < size_of::<T>() {
        return Err(Failure(ERR_UNSUPPORTED, format!("this host has no {}", id.to_string_lossy())));
    }
    Ok(&*found.cast::<T>())
}

/// A tensor that is given back to its maker.
pub struct Owned(pub *mut lathe_tensor);

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe {
            if let Some(delete) = self.0.as_ref().and_then(|tensor| tensor.deleter) {
                delete(self.0)
            }
        }
    }
}

impl Owned {
    /// A matrix of zeros.
    pub unsafe fn zeros(
        host: *const lathe_host,
        dtype: lathe_dtype,
        rows: i64,
        columns: i64,
    ) -> Result<Owned, Failure> {
        let mut made = std::ptr::null_mut();
        check(
            ((*host).new_tensor)(host, dtype, 2, [rows, columns].as_ptr(), &mut made),
            "a tensor could not be made",
        )?;
        Ok(Owned(made))
    }

    /// The elements. The type must be the tensor's.
    pub unsafe fn values<T>(&mut self) -> &mut [T] {
        match element_count(&*self.0) {
            0 => &mut [],
            count => std::slice::from_raw_parts_mut((*self.0).data.cast(), count),
        }
    }
}

unsafe fn element_count(tensor: &lathe_tensor) -> usize {
    (0..tensor.ndim as usize).map(|axis| *tensor.shape.add(axis) as usize).product()
}

/// The numbers of a borrowed tensor in f64, f32, bf16 or f16, as f32, in the order in which they are stored. What the
/// host lends may lie in a file at any address, so no slice of its elements is made.
pub unsafe fn read(tensor: *const lathe_tensor) -> Result<Vec<f32>, Failure> {
    let Some(tensor) = tensor.as_ref() else {
        return Err(Failure(ERR_UNSUPPORTED, "there are no numbers: a forecast has shapes only".into()));
    };
    let (count, data) = (element_count(tensor), tensor.data.cast_const());
    Ok(match tensor.dtype {
        F32 => (0..count).map(|i| data.cast::<f32>().add(i).read_unaligned()).collect(),
        F64 => (0..count).map(|i| data.cast::<f64>().add(i).read_unaligned() as f32).collect(),
        BF16 => (0..count).map(|i| bfloat(data.cast::<u16>().add(i).read_unaligned())).collect(),
        F16 => (0..count).map(|i| half(data.cast::<u16>().add(i).read_unaligned())).collect(),
        _ => return Err(Failure(ERR_UNSUPPORTED, "numbers of a type that this plugin does not know".into())),
    })
}

/// A bfloat16, from its bits.
pub fn bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// An IEEE half, from its bits.
pub fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 {
        -magnitude
    } else {
        magnitude
    }
}

pub unsafe fn node_info(host: *const lathe_host, node: lathe_node) -> Result<lathe_node_info, Failure> {
    let graph: &lathe_host_graph = table(host, c"lathe.graph/1")?;
    let mut info: lathe_node_info = zeroed();
    info.struct_size = size_of::<lathe_node_info>() as u32;
    check((graph.node)(host, node, &mut info), "a layer could not be looked at")?;
    Ok(info)
}

/// The layers that the recipe allows to replace, in the order of the host.
pub unsafe fn selected(host: *const lathe_host) -> Result<Vec<(lathe_node, lathe_node_info)>, Failure> {
    let graph: &lathe_host_graph = table(host, c"lathe.graph/1")?;
    let mut found = Vec::new();
    for node in 0..(graph.node_count)(host) {
        let info = node_info(host, node)?;
        if info.kind == NODE_LINEAR && info.flags & NODE_SELECTED != 0 {
            found.push((node, info))
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        assert_eq!(
            [half(0x3c00), half(0xc000), half(0x0001), half(0x7bff), half(0xfc00)],
            [1.0, -2.0, 2f32.powi(-24), 65504.0, f32::NEG_INFINITY]
        );
        assert!(half(0x7e00).is_nan());
        assert_eq!([bfloat(0x3f80), bfloat(0xc000)], [1.0, -2.0]);
    }

    #[test]
    fn a_tensor_at_an_odd_address_is_read() {
        let mut bytes = [0u8; 13];
        for (place, value) in bytes[1..].chunks_mut(4).zip([1.5f32, -2.0, 3.25]) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
        let mut shape = [3i64];
        let mut tensor: lathe_tensor = unsafe { zeroed() };
        tensor.data = bytes[1..].as_mut_ptr().cast();
        (tensor.ndim, tensor.dtype, tensor.shape) = (1, F32, shape.as_mut_ptr());
        assert_eq!(unsafe { read(&tensor) }.ok(), Some(vec![1.5, -2.0, 3.25]));
        assert!(unsafe { read(std::ptr::null()) }.is_err());
    }

    #[test]
    fn a_panic_says_what_it_was_given() {
        let caught = |body: fn()| panic_text(catch_unwind(body).unwrap_err().as_ref());
        assert_eq!(caught(|| panic!("no {}", "rank")), "the plugin panicked: no rank");
        assert_eq!(caught(|| panic!("plain")), "the plugin panicked: plain");
    }
}
