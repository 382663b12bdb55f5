//! lathe.h, ABI 1.0, by hand and as a whole. Names are those of the header without `LATHE_`; its comments are the
//! contract. The size of every table and the place of every field are checked when this file is compiled.
//!
//! A table that begins with `struct_size` may be larger in a newer host than it is here, so none of them can be copied
//! by assignment. To change a borrowed matrix, start from `lathe_matrix::copied`, which states the size it has here;
//! `..*matrix` would keep the host's.
#![allow(non_camel_case_types, dead_code)]

use std::ffi::{c_char, c_void, CStr};
use std::mem::{offset_of, size_of};

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;
pub const ENTRY_SYMBOL: &CStr = c"lathe_entry";

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

pub type lathe_log_level = i32;
pub const LOG_DEBUG: lathe_log_level = 0;
pub const LOG_INFO: lathe_log_level = 1;
pub const LOG_WARNING: lathe_log_level = 2;
pub const LOG_ERROR: lathe_log_level = 3;

// ------------------------------------------------------------------------------- tensors

#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub struct lathe_dtype {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}
pub const INT: u8 = 0;
pub const UINT: u8 = 1;
pub const FLOAT: u8 = 2;
pub const BFLOAT: u8 = 4;
pub const F16: lathe_dtype = lathe_dtype { code: FLOAT, bits: 16, lanes: 1 };
pub const F32: lathe_dtype = lathe_dtype { code: FLOAT, bits: 32, lanes: 1 };
pub const F64: lathe_dtype = lathe_dtype { code: FLOAT, bits: 64, lanes: 1 };
pub const BF16: lathe_dtype = lathe_dtype { code: BFLOAT, bits: 16, lanes: 1 };
/// Codes and zero points.
pub const U8: lathe_dtype = lathe_dtype { code: UINT, bits: 8, lanes: 1 };
/// In a matrix: the element type of the node.
pub const UNSPECIFIED: lathe_dtype = lathe_dtype { code: 0, bits: 0, lanes: 0 };

pub const TENSOR_READ_ONLY: u64 = 1;

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
    pub log: unsafe extern "C" fn(*const lathe_host, lathe_log_level, *const c_char),
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

pub type lathe_param_type = i32;
pub const PARAM_BOOL: lathe_param_type = 0;
pub const PARAM_INT: lathe_param_type = 1;
pub const PARAM_FLOAT: lathe_param_type = 2;
pub const PARAM_STRING: lathe_param_type = 3;
pub const PARAM_CHOICE: lathe_param_type = 4;
pub const PARAM_FLOAT_LIST: lathe_param_type = 5;
pub const PARAM_REQUIRED: u32 = 1;
pub const PARAM_ADVANCED: u32 = 2;
pub const PARAM_DEPRECATED: u32 = 4;

#[repr(C)]
pub struct lathe_param {
    pub struct_size: u32,
    pub r#type: lathe_param_type,
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

pub const STRATEGY_BLOCK_PARALLEL: u32 = 1;
pub const STRATEGY_IN_ORDER: u32 = 2;
pub const STRATEGY_TAKES_BUDGET: u32 = 4;
pub const STRATEGY_TAKES_OVERRIDES: u32 = 8;

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
// Every host of ABI 1 has the functions below. One that is added after 1.0 will be an `Option` here, since an older host
// lacks it. `host::table` refuses a table that is smaller than it is here.

pub const EXT_PARAMS: &CStr = c"lathe.params/1";
#[repr(C)]
pub struct lathe_host_params {
    pub struct_size: u32,
    pub reserved: u32,
    pub get_int: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut i64) -> lathe_status,
    pub get_float: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut f64) -> lathe_status,
    pub get_text: unsafe extern "C" fn(*const lathe_host, *const c_char, *mut *const c_char) -> lathe_status,
    pub get_float_list:
        unsafe extern "C" fn(*const lathe_host, *const c_char, *mut *const f64, *mut u64) -> lathe_status,
    pub node_int: unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *mut i64) -> lathe_status,
    pub node_float:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *mut f64) -> lathe_status,
    pub node_text:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *mut *const c_char) -> lathe_status,
}

pub const EXT_GRAPH: &CStr = c"lathe.graph/1";

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
pub const ROLE_OTHER: i32 = 0;
pub const ROLE_QUERY: i32 = 1;
pub const ROLE_KEY: i32 = 2;
pub const ROLE_VALUE: i32 = 3;
pub const ROLE_ATTENTION_OUT: i32 = 4;
pub const ROLE_GATE: i32 = 5;
pub const ROLE_UP: i32 = 6;
pub const ROLE_DOWN: i32 = 7;
pub const ROLE_LM_HEAD: i32 = 8;
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
pub const MATRIX_CODEBOOK: i32 = 4;
pub const MATRIX_ZERO_POINTS: u32 = 1;

#[repr(C)]
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
    pub codebook: *mut lathe_tensor,
}

impl lathe_matrix {
    /// What this file knows of a matrix, to be changed and given back. The tensors are still the host's.
    pub fn copied(&self) -> lathe_matrix {
        lathe_matrix { struct_size: size_of::<lathe_matrix>() as u32, ..*self }
    }
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
    pub scale_classes:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *mut *mut lathe_tensor) -> lathe_status,
    pub scale_input: unsafe extern "C" fn(*const lathe_host, lathe_node, *mut lathe_tensor) -> lathe_status,
}

pub const EXT_BUDGET: &CStr = c"lathe.budget/1";

#[repr(C)]
pub struct lathe_host_budget {
    pub struct_size: u32,
    pub reserved: u32,
    pub target: unsafe extern "C" fn(*const lathe_host, *mut u64) -> lathe_status,
    pub cost:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *const lathe_linear, *mut u64) -> lathe_status,
}

pub const EXT_CALIBRATION: &CStr = c"lathe.calibration/1";

pub type lathe_stat = i32;
pub const STAT_INPUT_GRAM: lathe_stat = 1;
pub const STAT_INPUT_ABS_MEAN: lathe_stat = 2;
pub const STAT_INPUT_SAMPLE: lathe_stat = 3;
pub const STAT_OUTPUT_GRAM: lathe_stat = 4;
pub const STAT_BLOCK_SIMILARITY: lathe_stat = 5;
pub const STAT_WEIGHT_GRADIENT: lathe_stat = 6;
pub const STAT_GRADIENT_SQUARED: lathe_stat = 7;
pub const STAT_INPUT_CROSS_GRAM: lathe_stat = 8;
pub const STAT_OUTPUT_GRADIENT_GRAM: lathe_stat = 9;
pub const STAT_INPUT_STACKED_GRAM: lathe_stat = 10;
pub const STAT_UPSTREAM_COMPRESSED: u32 = 1;
pub const STAT_FOR_ANALYZE: u32 = 2;
pub const STAT_FOR_COMPRESS: u32 = 4;

#[repr(C)]
pub struct lathe_stat_request {
    pub struct_size: u32,
    pub kind: lathe_stat,
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
        lathe_stat,
        u32,
        *mut *const lathe_tensor,
        *mut u64,
    ) -> lathe_status,
}

pub const EXT_TRAINING: &CStr = c"lathe.training/1";
pub const BATCHES_CALIBRATION: i32 = 0;
pub const BATCHES_HELD_OUT: i32 = 1;
pub const FACTOR_BIAS: u32 = 0xffff_ffff;

/// Fixed for ever, so it may be copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lathe_factor_ref {
    pub node: lathe_node,
    pub term: u32,
    pub factor: u32,
    pub reserved: u32,
}

pub const LOSS_SAMPLED_TARGETS: u32 = 1;
pub const LOSS_FROM_ORIGINAL: u32 = 2;

#[repr(C)]
pub struct lathe_loss {
    pub struct_size: u32,
    pub flags: u32,
    pub next_token_weight: f64,
    pub divergence_weight: f64,
    pub next_token: f64,
    pub divergence: f64,
}

#[repr(C)]
pub struct lathe_host_training {
    pub struct_size: u32,
    pub reserved: u32,
    pub batch_count: unsafe extern "C" fn(*const lathe_host, i32, *mut u32) -> lathe_status,
    pub set_trial: unsafe extern "C" fn(*const lathe_host, lathe_node, *const lathe_linear) -> lathe_status,
    pub loss: unsafe extern "C" fn(*const lathe_host, i32, *const u32, u32, *mut lathe_loss) -> lathe_status,
    pub loss_and_gradients: unsafe extern "C" fn(
        *const lathe_host,
        i32,
        *const u32,
        u32,
        *const lathe_factor_ref,
        u32,
        *const *mut lathe_tensor,
        *mut lathe_loss,
    ) -> lathe_status,
    pub set_trial_values: unsafe extern "C" fn(
        *const lathe_host,
        *const lathe_factor_ref,
        u32,
        *const *const lathe_tensor,
    ) -> lathe_status,
}

pub const EXT_LINALG: &CStr = c"lathe.linalg/1";

#[repr(C)]
pub struct lathe_host_linalg {
    pub struct_size: u32,
    pub reserved: u32,
    pub gemm: unsafe extern "C" fn(
        *const lathe_host,
        i32,
        i32,
        f64,
        *const lathe_tensor,
        *const lathe_tensor,
        f64,
        *mut lathe_tensor,
    ) -> lathe_status,
    pub syrk: unsafe extern "C" fn(
        *const lathe_host,
        i32,
        f64,
        *const lathe_tensor,
        f64,
        *mut lathe_tensor,
    ) -> lathe_status,
    pub cholesky:
        unsafe extern "C" fn(*const lathe_host, *const lathe_tensor, *mut lathe_tensor) -> lathe_status,
    pub solve_lower:
        unsafe extern "C" fn(*const lathe_host, *const lathe_tensor, i32, *mut lathe_tensor) -> lathe_status,
    pub solve_upper:
        unsafe extern "C" fn(*const lathe_host, *const lathe_tensor, i32, *mut lathe_tensor) -> lathe_status,
    pub eigh: unsafe extern "C" fn(
        *const lathe_host,
        *const lathe_tensor,
        *mut lathe_tensor,
        *mut lathe_tensor,
    ) -> lathe_status,
    pub svd: unsafe extern "C" fn(
        *const lathe_host,
        *const lathe_tensor,
        *mut lathe_tensor,
        *mut lathe_tensor,
        *mut lathe_tensor,
    ) -> lathe_status,
    pub qr: unsafe extern "C" fn(
        *const lathe_host,
        *const lathe_tensor,
        *mut lathe_tensor,
        *mut lathe_tensor,
    ) -> lathe_status,
}

pub const EXT_PARALLEL: &CStr = c"lathe.parallel/1";

#[repr(C)]
pub struct lathe_host_parallel {
    pub struct_size: u32,
    pub reserved: u32,
    pub for_each: unsafe extern "C" fn(
        *const lathe_host,
        u64,
        unsafe extern "C" fn(*mut c_void, u64) -> lathe_status,
        *mut c_void,
    ) -> lathe_status,
}

pub const EXT_RANDOM: &CStr = c"lathe.random/1";

#[repr(C)]
pub struct lathe_host_random {
    pub struct_size: u32,
    pub reserved: u32,
    pub uniform: unsafe extern "C" fn(*const lathe_host, lathe_node, u32, *mut lathe_tensor) -> lathe_status,
    pub normal: unsafe extern "C" fn(*const lathe_host, lathe_node, u32, *mut lathe_tensor) -> lathe_status,
}

pub const EXT_WORKSPACE: &CStr = c"lathe.workspace/1";

#[repr(C)]
pub struct lathe_host_workspace {
    pub struct_size: u32,
    pub reserved: u32,
    pub scratch: unsafe extern "C" fn(*const lathe_host, u64) -> *mut c_void,
    pub keep:
        unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *const lathe_tensor) -> lathe_status,
    pub kept: unsafe extern "C" fn(
        *const lathe_host,
        lathe_node,
        *const c_char,
        *mut *const lathe_tensor,
    ) -> lathe_status,
}

pub const EXT_REPORT: &CStr = c"lathe.report/1";

#[repr(C)]
pub struct lathe_host_report {
    pub struct_size: u32,
    pub reserved: u32,
    pub metric: unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, f64),
    pub series: unsafe extern "C" fn(*const lathe_host, lathe_node, *const c_char, *const f64, u64),
}

// -------------------------------------------------------------------------------- layout

/// Whether a struct has the size of the C struct, and each of its fields the place and the size.
macro_rules! layout {
    ($($table:ident $size:literal: $($field:ident $offset:literal $bytes:literal),*;)*) => {
        $(const _: () = {
            assert!(size_of::<$table>() == $size);
            let table = std::mem::MaybeUninit::<$table>::uninit();
            $(
                assert!(offset_of!($table, $field) == $offset);
                assert!(size_of_pointee(unsafe { std::ptr::addr_of!((*table.as_ptr()).$field) }) == $bytes);
            )*
        };)*
    };
}
const fn size_of_pointee<T>(_: *const T) -> usize {
    size_of::<T>()
}

// What the C compiler makes of lathe.h: struct, its size, then field, offset and size.
layout! {
    lathe_dtype 4: code 0 1, bits 1 1, lanes 2 2;
    lathe_tensor 80: dlpack_major 0 4, dlpack_minor 4 4, manager_ctx 8 8, deleter 16 8, flags 24 8,
        data 32 8, device_type 40 4, device_id 44 4, ndim 48 4, dtype 52 4, shape 56 8, strides 64 8,
        byte_offset 72 8;
    lathe_host 88: struct_size 0 4, abi_major 4 2, abi_minor 6 2, host_data 8 8, name 16 8, version 24 8,
        seed 32 8, get_extension 40 8, log 48 8, fail 56 8, is_cancelled 64 8, progress 72 8,
        new_tensor 80 8;
    lathe_param 64: struct_size 0 4, r#type 4 4, flags 8 4, choice_count 12 4, key 16 8, summary 24 8,
        default_value 32 8, minimum 40 8, maximum 48 8, choices 56 8;
    lathe_instance 80: struct_size 0 4, reserved 4 4, strategy_data 8 8, destroy 16 8, plan 24 8,
        analyze 32 8, allocate 40 8, compress 48 8, finish 56 8, forecast 64 8, get_extension 72 8;
    lathe_strategy 96: struct_size 0 4, flags 4 4, id 8 8, name 16 8, version 24 8, summary 32 8,
        reference 40 8, required_extensions 48 8, optional_extensions 56 8, params 64 8, param_count 72 8,
        declared_stats 80 8, create 88 8;
    lathe_module 40: struct_size 0 4, abi_major 4 2, abi_minor 6 2, min_host_minor 8 2, reserved 10 2,
        strategy_count 12 4, strategies 16 8, vendor 24 8, license 32 8;
    lathe_entry_info 16: struct_size 0 4, abi_major 4 2, abi_minor 6 2, module_path 8 8;
    lathe_host_params 64: struct_size 0 4, reserved 4 4, get_int 8 8, get_float 16 8, get_text 24 8,
        get_float_list 32 8, node_int 40 8, node_float 48 8, node_text 56 8;
    lathe_model_info 40: struct_size 0 4, block_count 4 4, architecture 8 8, hidden_size 16 8,
        vocabulary_size 24 8, stored_bytes 32 8;
    lathe_node_info 64: struct_size 0 4, kind 4 4, role 8 4, block 12 4, flags 16 4, input_group 20 4,
        name 24 8, in_features 32 8, out_features 40 8, stored_bytes 48 8, dtype 56 4, reserved 60 4;
    lathe_matrix 72: struct_size 0 4, storage 4 4, rows 8 8, columns 16 8, values 24 8, scales 32 8,
        zero_points 40 8, group_size 48 4, bits 52 4, dtype 56 4, flags 60 4, codebook 64 8;
    lathe_term 16: struct_size 0 4, factor_count 4 4, factors 8 8;
    lathe_linear 24: struct_size 0 4, term_count 4 4, terms 8 8, bias 16 8;
    lathe_host_graph 72: struct_size 0 4, reserved 4 4, model 8 8, node_count 16 8, node 24 8, linear 32 8,
        dense_weight 40 8, replace_linear 48 8, scale_classes 56 8, scale_input 64 8;
    lathe_host_budget 24: struct_size 0 4, reserved 4 4, target 8 8, cost 16 8;
    lathe_stat_request 32: struct_size 0 4, kind 4 4, node 8 4, flags 12 4, dtype 16 4, reserved 20 4,
        max_rows 24 8;
    lathe_host_calibration 24: struct_size 0 4, reserved 4 4, request 8 8, stat 16 8;
    lathe_factor_ref 16: node 0 4, term 4 4, factor 8 4, reserved 12 4;
    lathe_loss 40: struct_size 0 4, flags 4 4, next_token_weight 8 8, divergence_weight 16 8,
        next_token 24 8, divergence 32 8;
    lathe_host_training 48: struct_size 0 4, reserved 4 4, batch_count 8 8, set_trial 16 8, loss 24 8,
        loss_and_gradients 32 8, set_trial_values 40 8;
    lathe_host_linalg 72: struct_size 0 4, reserved 4 4, gemm 8 8, syrk 16 8, cholesky 24 8,
        solve_lower 32 8, solve_upper 40 8, eigh 48 8, svd 56 8, qr 64 8;
    lathe_host_parallel 16: struct_size 0 4, reserved 4 4, for_each 8 8;
    lathe_host_random 24: struct_size 0 4, reserved 4 4, uniform 8 8, normal 16 8;
    lathe_host_workspace 32: struct_size 0 4, reserved 4 4, scratch 8 8, keep 16 8, kept 24 8;
    lathe_host_report 24: struct_size 0 4, reserved 4 4, metric 8 8, series 16 8;
}
