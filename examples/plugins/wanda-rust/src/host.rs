//! What a Rust plugin needs to stay within the rules of lathe.h. Nothing here is about a method.
#![allow(dead_code)]

use std::ffi::CStr;
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
        Err(_) => Failure(ERR_INTERNAL, "the plugin panicked".to_string()),
    };
    let mut text = failure.1.replace('\0', " ");
    text.push('\0');
    ((*host).fail)(host, failure.0, text.as_ptr().cast())
}

/// The host's table with this id. What a strategy requires is there when `create` is called; anything else may not
/// be.
pub unsafe fn table<T>(host: *const lathe_host, id: &CStr) -> Result<&'static T, Failure> {
    let found = ((*host).get_extension)(host, id.as_ptr()).cast::<T>();
    found.as_ref().ok_or_else(|| Failure(ERR_UNSUPPORTED, format!("this host has no {}", id.to_string_lossy())))
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
        let tensor = &*self.0;
        let count: i64 = (0..tensor.ndim as usize).map(|axis| *tensor.shape.add(axis)).product();
        std::slice::from_raw_parts_mut(tensor.data.cast(), count as usize)
    }
}

pub unsafe fn node_info(host: *const lathe_host, node: lathe_node) -> Result<lathe_node_info, Failure> {
    let graph: &lathe_host_graph = table(host, c"lathe.graph/1")?;
    let mut info: lathe_node_info = std::mem::zeroed();
    info.struct_size = std::mem::size_of::<lathe_node_info>() as u32;
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
