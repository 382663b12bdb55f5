//! lathe.h, ABI 1.0, by hand: the tables that these plugins use. Names are those of the header, whose comments are
//! the contract; sizes are checked when this file is compiled.
#![allow(non_camel_case_types, dead_code)]

use std::ffi::{c_char, c_void};
use std::mem::size_of;

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;

// -------------------------------------------------------------------------------- status

pub type lathe_status = i32;
pub const OK: lathe_status = 0;
pub const ERR_CANCELLED: lathe_status = 1;
pub const ERR_INVALID: lathe_status = 2;
pub const ERR_UNSUPPORTED: lathe_status = 3;
pub const ERR_NO_MEMORY: lathe_status = 4;
pub const ERR_NUMERICAL: lathe_status = 5;
pub const ERR_CONTRACT: lathe_status = 6;
pub const ERR_INTERNAL: lathe_status = 7;

// ------------------------------------------------------------------------------- tensors

#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub struct lathe_dtype {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}
pub const FLOAT: u8 = 2;
pub const BFLOAT: u8 = 4;
pub const F16: lathe_dtype = lathe_dtype { code: FLOAT, bits: 16, lanes: 1 };
pub const F32: lathe_dtype = lathe_dtype { code: FLOAT, bits: 32, lanes: 1 };
pub const F64: lathe_dtype = lathe_dtype { code: FLOAT, bits: 64, lanes: 1 };
pub const BF16: lathe_dtype = lathe_dtype { code: BFLOAT, bits: 16, lanes: 1 };
/// The element type of the node.
pub const UNSPECIFIED: lathe_dtype = lathe_dtype { code: 0, bits: 0, lanes: 0 };

#[repr(C)]
pub struct lathe_tensor {
    pub dlpack_major: u32,
    pub dlpack_minor: u32,
    pub manager_ctx: *mut c_void,
    pub deleter: Option<unsafe extern "C" fn(*mut lathe_tensor)>,
    pub flags: u64,
    pub data: *mut c_void,
    pub device_type: i32,
    pub device_id: i32,
    pub ndim: i32,
    pub dtype: lathe_dtype,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub byte_offset: u64,
}

// ---------------------------------------------------------------------------------- host

#[repr(C)]
pub struct lathe_host {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub host_data: *mut c_void,
    pub name: *const c_char,
    pub version: *const c_char,
    pub seed: u64,
    pub get_extension: unsafe extern "C" fn(*const lathe_host, *const c_char) -> *const c_void,
    pub log: unsafe extern "C" fn(*const lathe_host, i32, *const c_char),
    pub fail: unsafe extern "C" fn(*const lathe_host, lathe_status, *const c_char) -> lathe_status,
    pub is_cancelled: unsafe extern "C" fn(*const lathe_host) -> i32,
    pub progress: unsafe extern "C" fn(*const lathe_host, f64, *const c_char),
    pub new_tensor: unsafe extern "C" fn(
        *const lathe_host,
        lathe_dtype,
        i32,
        *const i64,
        *mut *mut lathe_tensor,
    ) -> lathe_status,
}

// ------------------------------------------------------------------ parameters, strategy

pub const PARAM_BOOL: i32 = 0;
pub const PARAM_INT: i32 = 1;
pub const PARAM_FLOAT: i32 = 2;
pub const PARAM_STRING: i32 = 3;
pub const PARAM_CHOICE: i32 = 4;
pub const PARAM_FLOAT_LIST: i32 = 5;

#[repr(C)]
pub struct lathe_param {
    pub struct_size: u32,
    pub r#type: i32,
    pub flags: u32,
    pub choice_count: u32,
    pub key: *const c_char,
    pub summary: *const c_char,
    pub default_value: *const c_char,
    pub minimum: f64,
    pub maximum: f64,
    pub choices: *const *const c_char,
}

pub type lathe_node = u32;
pub const NODE_NONE: lathe_node = 0xffff_ffff;

pub type simple_fn = unsafe extern "C" fn(*mut lathe_instance, *const lathe_host) -> lathe_status;
pub type block_fn = unsafe extern "C" fn(*mut lathe_instance, *const lathe_host, i32) -> lathe_status;
pub type node_fn = unsafe extern "C" fn(*mut lathe_instance, *const lathe_host, lathe_node) -> lathe_status;

#[repr(C)]
pub struct lathe_instance {
    pub struct_size: u32,
    pub reserved: u32,
    pub strategy_data: *mut c_void,
    pub destroy: Option<unsafe extern "C" fn(*mut lathe_instance)>,
    pub plan: Option<simple_fn>,
    pub analyze: Option<block_fn>,
    pub allocate: Option<simple_fn>,
    pub compress: Option<block_fn>,
    pub finish: Option<simple_fn>,
    pub forecast: Option<node_fn>,
    pub get_extension: Option<unsafe extern "C" fn(*mut lathe_instance, *const c_char) -> *const c_void>,
}

pub const BLOCK_PARALLEL: u32 = 1;
pub const IN_ORDER: u32 = 2;
pub const TAKES_BUDGET: u32 = 4;

#[repr(C)]
pub struct lathe_strategy {
    pub struct_size: u32,
    pub flags: u32,
    pub id: *const c_char,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub reference: *const c_char,
    pub required_extensions: *const *const c_char,
    pub optional_extensions: *const *const c_char,
    pub params: *const *const lathe_param,
    pub param_count: u64,
    pub declared_stats: u64,
    pub create: Option<
        unsafe extern "C" fn(
            *const lathe_strategy,
            *const lathe_host,
            *mut *mut lathe_instance,
        ) -> lathe_status,
    >,
}

#[repr(C)]
pub struct lathe_module {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub min_host_minor: u16,
    pub reserved: u16,
    pub strategy_count: u32,
    pub strategies: *const *const lathe_strategy,
    pub vendor: *const c_char,
    pub license: *const c_char,
}

#[repr(C)]
pub struct lathe_entry_info {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub module_path: *const c_char,
}

// ---------------------------------------------------------------------------- extensions
// A field of a table is a function that may be missing in an older host only where it was added after 1.0.

#[repr(C)]
pub struct lathe_host_params {
    pub struct_size: u32,
    pub reserved: u32,
    pub get_int: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut i64) -> lathe_status,
    pub get_float: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut f64) -> lathe_status,
    pub get_text: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut *const c_char) -> lathe_status,
    pub get_float_list:
        unsafe extern "C" fn(*const lathe_host, *const c_char, *mut *const f64, *mut u64) -> lathe_status,
}

#[repr(C)]
pub struct lathe_model_info {
    pub struct_size: u32,
    pub block_count: i32,
    pub architecture: *const c_char,
    pub hidden_size: i64,
    pub vocabulary_size: i64,
    pub stored_bytes: u64,
}

pub const NODE_LINEAR: i32 = 1;
pub const NODE_SELECTED: u32 = 1;

#[repr(C)]
pub struct lathe_node_info {
    pub struct_size: u32,
    pub kind: i32,
    pub role: i32,
    pub block: i32,
    pub flags: u32,
    pub input_group: u32,
    pub name: *const c_char,
    pub in_features: i64,
    pub out_features: i64,
    pub stored_bytes: u64,
    pub dtype: lathe_dtype,
    pub reserved: u32,
}

pub const MATRIX_DENSE: i32 = 1;
pub const MATRIX_DIAGONAL: i32 = 2;
pub const MATRIX_GROUP_QUANTIZED: i32 = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct lathe_matrix {
    pub struct_size: u32,
    pub storage: i32,
    pub rows: i64,
    pub columns: i64,
    pub values: *mut lathe_tensor,
    pub scales: *mut lathe_tensor,
    pub zero_points: *mut lathe_tensor,
    pub group_size: i32,
    pub bits: i32,
    pub dtype: lathe_dtype,
    pub flags: u32,
}

#[repr(C)]
pub struct lathe_term {
    pub struct_size: u32,
    pub factor_count: u32,
    pub factors: *const *const lathe_matrix,
}

#[repr(C)]
pub struct lathe_linear {
    pub struct_size: u32,
    pub term_count: u32,
    pub terms: *const *const lathe_term,
    pub bias: *mut lathe_tensor,
}

#[repr(C)]
pub struct lathe_host_graph {
    pub struct_size: u32,
    pub reserved: u32,
    pub model: unsafe extern "C" fn(*const lathe_host, *mut lathe_model_info) -> lathe_status,
    pub node_count: unsafe extern "C" fn(*const lathe_host) -> u32,
    pub node: unsafe extern "C" fn(*const lathe_host, lathe_node, *mut lathe_node_info) -> lathe_status,
    pub linear: unsafe extern "C" fn(*const lathe_host, lathe_node, *mut *const lathe_linear) -> lathe_status,
    pub dense_weight:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *mut *mut lathe_tensor) -> lathe_status,
    pub replace_linear:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *const lathe_linear) -> lathe_status,
}

pub const STAT_INPUT_GRAM: i32 = 1;
pub const STAT_INPUT_ABS_MEAN: i32 = 2;
pub const STAT_FOR_ANALYZE: u32 = 2;
pub const STAT_FOR_COMPRESS: u32 = 4;

#[repr(C)]
pub struct lathe_stat_request {
    pub struct_size: u32,
    pub kind: i32,
    pub node: lathe_node,
    pub flags: u32,
    pub dtype: lathe_dtype,
    pub reserved: u32,
    pub max_rows: u64,
}

#[repr(C)]
pub struct lathe_host_calibration {
    pub struct_size: u32,
    pub reserved: u32,
    pub request: unsafe extern "C" fn(*const lathe_host, *const lathe_stat_request) -> lathe_status,
    pub stat: unsafe extern "C" fn(
        *const lathe_host,
        lathe_node,
        i32,
        u32,
        *mut *const lathe_tensor,
        *mut u64,
    ) -> lathe_status,
}

#[repr(C)]
pub struct lathe_host_report {
    pub struct_size: u32,
    pub reserved: u32,
    pub metric: unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, f64),
    pub series: unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *const f64, u64),
}

/// What the C compiler made of lathe.h.
const _: () = {
    assert!(size_of::<lathe_dtype>() == 4);
    assert!(size_of::<lathe_tensor>() == 80);
    assert!(size_of::<lathe_host>() == 88);
    assert!(size_of::<lathe_param>() == 64);
    assert!(size_of::<lathe_instance>() == 80);
    assert!(size_of::<lathe_strategy>() == 96);
    assert!(size_of::<lathe_module>() == 40);
    assert!(size_of::<lathe_entry_info>() == 16);
    assert!(size_of::<lathe_host_params>() == 40);
    assert!(size_of::<lathe_model_info>() == 40);
    assert!(size_of::<lathe_node_info>() == 64);
    assert!(size_of::<lathe_matrix>() == 64);
    assert!(size_of::<lathe_term>() == 16);
    assert!(size_of::<lathe_linear>() == 24);
    assert!(size_of::<lathe_host_graph>() == 56);
    assert!(size_of::<lathe_stat_request>() == 32);
    assert!(size_of::<lathe_host_calibration>() == 24);
    assert!(size_of::<lathe_host_report>() == 24);
};
